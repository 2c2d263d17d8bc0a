package configs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/v2"
)

const envPrefix = "QIANSHAO_"

// maxFile bounds a configuration file.
const maxFile = 1 << 20

// Source says where values come from. The zero value gives the defaults.
type Source struct {
	File  string            // YAML; empty: none
	Env   []string          // NAME=value; os.Environ() in cmd, nil: none
	Flags map[string]string // key to value, of the flags that were given
}

// Load reads all sources, checks the result and reads the files that hold
// secrets. The error names every key that is wrong, its value and what is
// allowed. Warnings name what was passed over.
func Load(src Source) (c Config, warnings []string, err error) {
	known := Keys()
	values := koanf.New(".")
	if src.File != "" {
		if err := loadFile(values, src.File, known); err != nil {
			return Config{}, nil, err
		}
	}
	if warnings, err = loadEnv(values, src.Env, known); err != nil {
		return Config{}, nil, err
	}
	flags := map[string]any{}
	for key, v := range src.Flags {
		if !slices.Contains(known, key) {
			return Config{}, nil, unknown(key, known)
		}
		flags[key] = v
	}
	if err := values.Load(confmap.Provider(flags, "."), nil); err != nil {
		return Config{}, nil, fmt.Errorf("read flags: %w", err)
	}
	c = Default()
	var faults []error
	for _, f := range fields(&c) {
		if v := values.Get(f.key); v != nil {
			faults = append(faults, f.set(v))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return Config{}, nil, err
	}
	if err := errors.Join(c.Validate(), c.readSecrets()); err != nil {
		return Config{}, nil, err
	}
	return c, warnings, nil
}

func loadFile(values *koanf.Koanf, path string, known []string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	if info.Size() > maxFile {
		return fmt.Errorf("configuration %s: larger than %d bytes", path, maxFile)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	tree, err := parseYAML(raw, known)
	if err != nil {
		return fmt.Errorf("configuration %s: %w", path, err)
	}
	return values.Load(confmap.Provider(tree, ""), nil)
}

// parseYAML reads a file's text and refuses keys that are not known.
func parseYAML(raw []byte, known []string) (map[string]any, error) {
	tree, err := yaml.Parser().Unmarshal(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")))
	if err != nil {
		return nil, fmt.Errorf("not YAML: %w", err)
	}
	var faults []error
	flat := map[string]any{}
	flatten("", tree, flat, func(key string) { faults = append(faults, unknown(key, known)) }, known)
	slices.SortFunc(faults, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	out := koanf.New(".")
	if err := out.Load(confmap.Provider(flat, "."), nil); err != nil {
		return nil, err
	}
	return out.Raw(), nil
}

// flatten puts the leaves of tree under their dotted keys. A key without a
// value, or an empty group, sets nothing.
func flatten(prefix string, tree map[string]any, flat map[string]any, bad func(key string), known []string) {
	for name, v := range tree {
		key := prefix + name
		isKey := slices.Contains(known, key)
		isGroup := len(under(key, known)) > 0
		sub, ok := v.(map[string]any)
		if _, odd := v.(map[any]any); odd {
			bad(key)
			continue
		}
		switch {
		case strings.Contains(name, "."), !isKey && !isGroup:
			bad(key)
		case ok && isGroup:
			flatten(key+".", sub, flat, bad, known)
		case ok: // a value with keys in it
			for inner := range sub {
				bad(key + "." + inner)
			}
		case v == nil:
		case isGroup:
			bad(key)
		default:
			flat[key] = v
		}
	}
}

// loadEnv reads the variables that name a key. Others with our prefix are
// warned of: they may belong to a script.
func loadEnv(values *koanf.Koanf, environ, known []string) (warnings []string, err error) {
	byName := map[string]string{}
	for _, key := range known {
		byName[EnvName(key)] = key
	}
	provider := env.Provider(".", env.Opt{
		Prefix:      envPrefix,
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(name, value string) (string, any) {
			key, ok := byName[name]
			if !ok {
				near := nearest(strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, envPrefix)), "_", "."), known)
				warnings = append(warnings, fmt.Sprintf("environment variable %.80s is no setting; the nearest is %s", name, EnvName(near)))
				return "", nil
			}
			if value == "" {
				return "", nil
			}
			return key, value
		},
	})
	if err := values.Load(provider, nil); err != nil {
		return nil, fmt.Errorf("read environment: %w", err)
	}
	slices.Sort(warnings)
	return warnings, nil
}

// readSecrets fills in what stands in files of its own.
func (c *Config) readSecrets() error {
	if c.Storage.Kind == "s3" {
		if err := readSecret("storage.s3.secret_key", &c.Storage.S3.SecretKey, c.Storage.S3.SecretKeyFile); err != nil {
			return err
		}
	}
	if err := readSecret("maps.token", &c.Maps.Token, c.Maps.TokenFile); err != nil {
		return err
	}
	if c.OIDC.Issuer == "" {
		return nil
	}
	return readSecret("oidc.client_secret", &c.OIDC.ClientSecret, c.OIDC.ClientSecretFile)
}

// readSecret fills in one that a file holds, which is not for everybody to read.
func readSecret(key string, to *Secret, file string) error {
	if file == "" {
		return nil
	}
	if *to != "" {
		return fmt.Errorf("%s and %s_file are both set: leave one out", key, key)
	}
	if info, err := os.Stat(file); err == nil && info.Mode().Perm()&0o007 != 0 {
		return fmt.Errorf("%s_file: %q can be read by everybody on this machine: chmod 600 %s", key, file, file)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("%s_file: %w", key, err)
	}
	if *to = Secret(strings.TrimSpace(string(b))); *to == "" {
		return fmt.Errorf("%s_file: %q: the file is empty", key, file)
	}
	return nil
}
