package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"

	"qianshao/configs"
)

// folder are the flags of every command that works on a data folder.
type folder struct {
	Config string `type:"path" placeholder:"FILE" help:"Settings in YAML. configs/qianshao.yaml has them all."`
	Data   string `type:"path" placeholder:"DIR" help:"Folder of footage, databases and keys. Default: data."`
}

// load reads the settings; flags win over the environment, that over the file.
func (f *folder) load(e *env, flags map[string]string) (configs.Config, error) {
	all := map[string]string{}
	maps.Copy(all, flags)
	if f.Data != "" {
		all["data"] = f.Data
	}
	cfg, warnings, err := configs.Load(configs.Source{File: f.Config, Env: e.environ, Flags: all})
	for _, w := range warnings {
		_, _ = fmt.Fprintln(e.err, "qianshao: warning:", w) // nowhere left to report to
	}
	return cfg, err
}

// existing is load for commands that only make sense where there is a data
// folder already.
func (f *folder) existing(e *env) (configs.Config, error) {
	cfg, err := f.load(e, nil)
	if err != nil {
		return cfg, err
	}
	_, err = os.Stat(filepath.Join(cfg.Data, "lock"))
	if errors.Is(err, fs.ErrNotExist) {
		return cfg, fmt.Errorf("%s is no data folder: name the one of your server with --data, or begin one with qianshao serve --data %s", cfg.Data, cfg.Data)
	}
	return cfg, err
}

// newLogger writes as the settings say; level may be changed later.
func newLogger(w io.Writer, cfg configs.Log, level *slog.LevelVar) *slog.Logger {
	level.Set(logLevel(cfg))
	opts := &slog.HandlerOptions{Level: level}
	if cfg.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

func logLevel(cfg configs.Log) slog.Level {
	var l slog.Level
	if err := l.UnmarshalText([]byte(cfg.Level)); err != nil {
		return slog.LevelInfo // the settings were checked
	}
	return l
}
