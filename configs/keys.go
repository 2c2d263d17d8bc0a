package configs

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// field is one key and where its value lives.
type field struct {
	key string
	v   reflect.Value // settable
}

// fields lists the keys of c in the order of the struct.
func fields(c *Config) []field { return walk("", reflect.ValueOf(c).Elem()) }

func walk(prefix string, v reflect.Value) (out []field) {
	for i := range v.NumField() {
		key := prefix + v.Type().Field(i).Tag.Get("key")
		if f := v.Field(i); f.Kind() == reflect.Struct {
			out = append(out, walk(key+".", f)...)
		} else {
			out = append(out, field{key, f})
		}
	}
	return out
}

// Keys returns all keys, in the order of the struct.
func Keys() []string {
	var c Config
	var keys []string
	for _, f := range fields(&c) {
		keys = append(keys, f.key)
	}
	return keys
}

// EnvName is the environment variable of a key.
func EnvName(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// set reads a value as YAML, the environment or a flag gives it.
func (f field) set(value any) error {
	if list, ok := value.([]any); ok && f.v.Kind() != reflect.Slice {
		return fmt.Errorf("%s: a list of %d values: give one value", f.key, len(list))
	}
	text := strings.TrimSpace(fmt.Sprint(value))
	var err error
	switch p := f.v.Addr().Interface().(type) {
	case *string:
		*p = text
	case *Secret:
		*p = Secret(text)
		return nil
	case *bool:
		if *p, err = strconv.ParseBool(text); err != nil {
			err = errors.New("use true or false")
		}
	case *int:
		if *p, err = strconv.Atoi(text); err != nil {
			err = errors.New("use a whole number")
		}
	case *Size:
		*p, err = ParseSize(text)
	case *time.Duration:
		*p, err = parseDuration(text)
	case *[]string:
		*p = listOf(value)
	default:
		panic("configs: no reader for the type of " + f.key)
	}
	if err != nil {
		return fmt.Errorf("%s: %.80q: %w", f.key, text, err)
	}
	return nil
}

// listOf reads a YAML list, or names joined by commas.
func listOf(value any) []string {
	var out []string
	switch v := value.(type) {
	case []string:
		out = slices.Clone(v)
	case []any:
		for _, e := range v {
			out = append(out, strings.TrimSpace(fmt.Sprint(e)))
		}
	default:
		for s := range strings.SplitSeq(fmt.Sprint(v), ",") {
			if s = strings.TrimSpace(s); s != "" {
				out = append(out, s)
			}
		}
	}
	return out
}

// unknown is the error of a key that does not exist.
func unknown(key string, known []string) error {
	if slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(k, key+".") }) {
		return fmt.Errorf("%s: it is a group: give the keys in it, %s", key, strings.Join(under(key, known), ", "))
	}
	if i := strings.LastIndexByte(key, '.'); i >= 0 && slices.Contains(known, key[:i]) {
		return fmt.Errorf("%s: %s takes one value, not a group", key, key[:i])
	}
	return fmt.Errorf("%.80q is no setting; the nearest is %s", key, nearest(key, known))
}

func under(group string, known []string) (out []string) {
	for _, k := range known {
		if strings.HasPrefix(k, group+".") {
			out = append(out, k)
		}
	}
	return out
}

// nearest finds the known key with the least edits; a key put into a wrong
// group costs only the group.
func nearest(key string, known []string) string {
	key = strings.ToLower(key[:min(len(key), 80)]) // longer ones are no typing mistakes
	best, least := "", 0
	for _, k := range known {
		d := edits(key, k)
		if i, j := strings.LastIndexByte(key, '.'), strings.LastIndexByte(k, '.'); key[i+1:] == k[j+1:] {
			d = min(d, 1)
		}
		if best == "" || d < least {
			best, least = k, d
		}
	}
	return best
}

// edits is the Levenshtein distance in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diag, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, diag+cost)
		}
	}
	return row[len(b)]
}
