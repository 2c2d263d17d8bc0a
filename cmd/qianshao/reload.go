package main

import (
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"

	"qianshao/configs"
)

// reloader reads the settings again and lets those take effect that can without
// a restart.
type reloader struct {
	read      func() (configs.Config, error)
	retention *atomic.Pointer[configs.Retention]
	level     *slog.LevelVar
	log       *slog.Logger

	mu  sync.Mutex
	now configs.Config // in effect; guarded by mu
}

// reloaded says what a reload did.
type reloaded struct {
	Changed []string `json:"changed"` // keys in effect now
	Restart []string `json:"restart"` // keys that were changed and wait for a restart
}

// atOnce reports whether a key takes effect without a restart.
func atOnce(key string) bool { return strings.HasPrefix(key, "retention.") || key == "log.level" }

// reload is called by SIGHUP and by the control socket. On an error everything
// stays as it was.
func (r *reloader) reload() (*reloaded, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next, err := r.read()
	if err != nil {
		return nil, err
	}
	out := &reloaded{Changed: []string{}, Restart: []string{}}
	for _, key := range differences("", reflect.ValueOf(r.now), reflect.ValueOf(next)) {
		if atOnce(key) {
			out.Changed = append(out.Changed, key)
		} else {
			out.Restart = append(out.Restart, key)
		}
	}
	r.now.Retention, r.now.Log.Level = next.Retention, next.Log.Level
	r.retention.Store(&next.Retention)
	r.level.Set(logLevel(next.Log))
	r.log.Info("settings read again", "changed", out.Changed)
	if len(out.Restart) > 0 {
		r.log.Warn("some changed settings take effect with a restart only", "settings", out.Restart)
	}
	return out, nil
}

// differences names the keys whose values differ.
func differences(prefix string, a, b reflect.Value) (keys []string) {
	for i := range a.NumField() {
		key := prefix + a.Type().Field(i).Tag.Get("key")
		switch {
		case a.Field(i).Kind() == reflect.Struct:
			keys = append(keys, differences(key+".", a.Field(i), b.Field(i))...)
		case !reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()):
			keys = append(keys, key)
		}
	}
	return keys
}
