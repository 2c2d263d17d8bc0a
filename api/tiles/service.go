package tiles

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// serviceWait is how long a map service may take for a tile.
	serviceWait = 10 * time.Second
	// serviceBytes bounds the tiles kept of one, and serviceKeeps how long they are.
	serviceBytes = 64 << 20
	serviceKeeps = 24 * time.Hour
	// serviceAtOnce is how many requests it is asked at a time.
	serviceAtOnce = 8
)

// service is a map service that is asked on the browser's behalf, with what it
// answered lately.
type service struct {
	what     Info
	template string
	token    string
	client   *http.Client
	places   chan struct{}

	mu    sync.Mutex
	kept  map[string]*list.Element // guarded by mu
	order list.List                // front: used last; guarded by mu
	bytes int                      // guarded by mu
}

type keptTile struct {
	key  string
	tile Tile
	at   time.Time
}

func openService(name, title, template string, cfg *Config) (source, error) {
	for _, part := range []string{"{z}", "{x}", "{y}"} {
		if !strings.Contains(template, part) {
			return nil, fmt.Errorf("the URL needs %s", part)
		}
	}
	if strings.Contains(template, "{token}") && cfg.Token == "" {
		return nil, errors.New("the URL wants a {token}, and there is none: set maps.token or maps.token_file")
	}
	u, err := url.Parse(strings.NewReplacer("{z}", "1", "{x}", "1", "{y}", "1", "{token}", "t").Replace(template))
	if err != nil || u.Host == "" || u.User != nil {
		return nil, errors.New("the URL cannot be read: write https://host/path?TILEMATRIX={z}&TILECOL={x}&TILEROW={y}&tk={token}")
	}
	client := cfg.Client
	if client == nil {
		client = &http.Client{Timeout: serviceWait}
	}
	s := &service{
		what:     Info{Name: name, Title: title, Format: "png", MaxZoom: 18, Bounds: world},
		template: template, token: cfg.Token, client: client, places: make(chan struct{}, serviceAtOnce), kept: map[string]*list.Element{},
	}
	return s, nil
}

func (s *service) info() Info { return s.what }

func (s *service) tile(ctx context.Context, z, x, y int) (Tile, error) {
	key := fmt.Sprintf("%d/%d/%d", z, x, y)
	old, fresh := s.lookUp(key)
	if fresh {
		return old, nil
	}
	t, err := s.ask(ctx, z, x, y)
	if err != nil && old.Body != nil { // away: what it said before is better than nothing
		return old, nil
	}
	if err == nil {
		s.keep(key, t)
	}
	return t, err
}

func (s *service) ask(ctx context.Context, z, x, y int) (Tile, error) {
	select {
	case s.places <- struct{}{}:
		defer func() { <-s.places }()
	case <-ctx.Done():
		return Tile{}, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, serviceWait)
	defer cancel()
	address := strings.NewReplacer("{z}", strconv.Itoa(z), "{x}", strconv.Itoa(x), "{y}", strconv.Itoa(y), "{token}", url.QueryEscape(s.token)).Replace(s.template)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Tile{}, errors.New("the URL cannot be asked for")
	}
	resp, err := s.client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) { // its URL holds the token
			err = u.Err
		}
		return Tile{}, fmt.Errorf("the map service does not answer: %w", err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotFound, resp.StatusCode == http.StatusNoContent:
		return Tile{}, ErrNone
	case resp.StatusCode != http.StatusOK:
		return Tile{}, fmt.Errorf("the map service answers %s", resp.Status)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxTile+1))
	if err != nil {
		return Tile{}, fmt.Errorf("the map service breaks off: %w", err)
	}
	if len(b) > maxTile {
		return Tile{}, errors.New("the map service sends too much for a tile")
	}
	format := formatOf(b)
	if format == "mvt" && !strings.Contains(resp.Header.Get("Content-Type"), "protobuf") && !strings.Contains(resp.Header.Get("Content-Type"), "vector") {
		return Tile{}, fmt.Errorf("the map service sends %.60q and no picture: look at its address and token", resp.Header.Get("Content-Type"))
	}
	return answer(format, b)
}

// lookUp returns what was answered before, and whether it is still fresh.
func (s *service) lookUp(key string) (Tile, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.kept[key]
	if e == nil {
		return Tile{}, false
	}
	s.order.MoveToFront(e)
	k := e.Value.(*keptTile)
	return k.tile, time.Since(k.at) < serviceKeeps
}

func (s *service) keep(key string, t Tile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.kept[key]; e != nil {
		s.drop(e)
	}
	s.kept[key] = s.order.PushFront(&keptTile{key, t, time.Now()})
	s.bytes += len(t.Body)
	for s.bytes > serviceBytes {
		s.drop(s.order.Back())
	}
}

// drop forgets a tile. mu must be held.
func (s *service) drop(e *list.Element) {
	k := s.order.Remove(e).(*keptTile)
	delete(s.kept, k.key)
	s.bytes -= len(k.tile.Body)
}

func (s *service) Close() error { return nil }
