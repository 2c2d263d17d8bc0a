package tiles

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	_ "github.com/ncruces/go-sqlite3/driver" // registers "sqlite3"
)

// mbtiles is a file of MBTiles 1.3: a SQLite database with tables metadata and tiles,
// rows counted from the south.
type mbtiles struct {
	db   *sql.DB
	what Info
}

func openMBTiles(ctx context.Context, name, title, path string) (source, error) {
	if _, err := os.Stat(path); err != nil { // the driver would say less
		return nil, err
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite3", (&url.URL{Scheme: "file", Path: abs, RawQuery: "mode=ro&immutable=1"}).String())
	if err != nil {
		return nil, err
	}
	m := &mbtiles{db: db, what: Info{Name: name, Title: title, MaxZoom: maxZoom, Bounds: world}}
	if err := m.read(ctx); err != nil {
		return nil, fmt.Errorf("not MBTiles: %w", errors.Join(err, db.Close()))
	}
	return m, nil
}

// world is all of it, as far as web maps go.
var world = [4]float64{-180, -85.0511, 180, 85.0511}

func (m *mbtiles) read(ctx context.Context) error {
	rows, err := m.db.QueryContext(ctx, `SELECT name, value FROM metadata`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return err
		}
		switch name {
		case "format":
			m.what.Format = map[string]string{"png": "png", "jpg": "jpeg", "jpeg": "jpeg", "webp": "webp", "pbf": "mvt"}[strings.ToLower(value)]
		case "minzoom":
			m.what.MinZoom, _ = strconv.Atoi(value)
		case "maxzoom":
			m.what.MaxZoom, _ = strconv.Atoi(value)
		case "attribution":
			m.what.Attribution = plainText(value)
		case "bounds":
			var b [4]float64
			if n, _ := fmt.Sscanf(value, "%g,%g,%g,%g", &b[0], &b[1], &b[2], &b[3]); n == 4 {
				m.what.Bounds = b
			}
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if m.what.Format == "" { // older files do not say
		var first []byte
		if err := m.db.QueryRowContext(ctx, `SELECT tile_data FROM tiles LIMIT 1`).Scan(&first); err != nil {
			return fmt.Errorf("no tiles: %w", err)
		}
		m.what.Format = formatOf(first)
	}
	return nil
}

func (m *mbtiles) info() Info { return m.what }

func (m *mbtiles) tile(ctx context.Context, z, x, y int) (Tile, error) {
	var b []byte
	err := m.db.QueryRowContext(ctx, `SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?`, z, x, 1<<z-1-y).Scan(&b)
	if errors.Is(err, sql.ErrNoRows) {
		return Tile{}, ErrNone
	}
	if err != nil {
		return Tile{}, err
	}
	return answer(m.what.Format, b)
}

func (m *mbtiles) Close() error { return m.db.Close() }

// plainText takes markup out of an attribution: it is shown as text.
func plainText(s string) string {
	var b strings.Builder
	in := false
	for _, r := range s {
		switch {
		case r == '<':
			in = true
		case r == '>' && in:
			in = false
		case !in:
			b.WriteRune(r)
		}
	}
	return strings.TrimSpace(b.String())
}
