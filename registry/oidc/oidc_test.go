package oidc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"qianshao/registry/account"
)

// plain seals nothing, so that tests can make tickets of their own.
type plain struct{}

func (plain) Seal(b []byte, place string) []byte { return append([]byte(place+"\n"), b...) }

func (plain) Open(b []byte, place string) ([]byte, error) {
	if len(b) <= len(place) || string(b[:len(place)]) != place {
		return nil, errors.New("not sealed")
	}
	return b[len(place)+1:], nil
}

func directory(t testing.TB, now time.Time, rules ...string) *Directory {
	t.Helper()
	cfg := Config{Issuer: "https://sso.example", ClientID: "q", Redirect: "https://q.example/back", Key: plain{}, Now: func() time.Time { return now }}
	for _, text := range rules {
		r, err := ParseRule(text)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Rules = append(cfg.Rules, r)
	}
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTickets(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	d := directory(t, now)
	carry := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(plain{}.Seal(text, ticketPlace))
	}
	good := ticket{State: "s", Nonce: "n", Verifier: "v", Back: "/cases", Until: now.Unix() + 1}
	if got, err := d.open(carry(good), "s"); err != nil || got != good {
		t.Errorf("%+v, %v", got, err)
	}
	late := good
	late.Until--
	for name, tt := range map[string][2]string{
		"none":            {"", "s"},
		"another state":   {carry(good), "S"},
		"no state":        {carry(ticket{Until: good.Until, State: "s"}), ""},
		"too late":        {carry(late), "s"},
		"not base64":      {"%%%", "s"},
		"not ours":        {base64.RawURLEncoding.EncodeToString([]byte(`{"state":"s"}`)), "s"},
		"no ticket in it": {carry([]int{1}), "s"},
		"too long":        {carry(ticket{State: "s", Until: good.Until, Back: string(make([]byte, 8000))}), "s"},
	} {
		if got, err := d.open(tt[0], tt[1]); !errors.Is(err, ErrStale) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, back, err := d.End(context.Background(), carry(good), "s", ""); !errors.Is(err, ErrRefused) || back != "/cases" {
		t.Errorf("%q, %v", back, err)
	}
}

func TestWhatGroupsMean(t *testing.T) {
	t.Parallel()
	d := directory(t, time.Now(), "cid investigator XY", "cid2 investigator AL", "it admin", "u carrier unicom", "t carrier telecom", "audit auditor QXN")
	for _, tt := range []struct {
		groups        any
		roles         []account.Role
		unit, carrier string
		err           error
	}{
		{nil, nil, "", "", ErrNoRole},
		{[]any{}, nil, "", "", ErrNoRole},
		{[]any{"CID"}, nil, "", "", ErrNoRole},
		{7.0, nil, "", "", ErrNoRole},
		{[]any{7.0, "cid"}, []account.Role{account.Investigator}, "XY", "", nil},
		{[]any{"cid2", "cid"}, []account.Role{account.Investigator}, "XY", "", nil},
		{"it t", []account.Role{account.Admin, account.Carrier}, "", "telecom", nil},
		{[]any{"audit", "u"}, []account.Role{account.Carrier, account.Auditor}, "QXN", "unicom", nil},
	} {
		p, err := d.person("i s", map[string]any{"groups": tt.groups, "preferred_username": " Li.Na ", "name": ""})
		if !errors.Is(err, tt.err) || !slices.Equal(p.Roles, tt.roles) || p.Unit != tt.unit || p.Carrier != tt.carrier || p.Login != "li.na" || p.Name != "li.na" {
			t.Errorf("%v: %+v, %v", tt.groups, p, err)
		}
	}
	for _, text := range []string{"", "cid", "cid boss", "cid investigator", "x carrier", "a admin b c", "villagers household", "villagers household c_abcdefgh234567ab"} {
		if r, err := ParseRule(text); err == nil {
			t.Errorf("%q: %+v", text, r)
		}
	}
}

func FuzzTicket(f *testing.F) {
	d := directory(f, time.Unix(1_800_000_000, 0))
	f.Add("", "")
	f.Add(base64.RawURLEncoding.EncodeToString(plain{}.Seal([]byte(`{"state":"s","until":1800000001}`), ticketPlace)), "s")
	f.Fuzz(func(t *testing.T, carried, state string) {
		if got, err := d.open(carried, state); err == nil && (got.State != state || got.Until <= 1_800_000_000) {
			t.Errorf("%q with state %q was taken: %+v", carried, state, got)
		}
	})
}

func FuzzClaims(f *testing.F) {
	d := directory(f, time.Now(), "cid investigator XY", "it admin")
	f.Add([]byte(`{"groups":["cid"],"preferred_username":"li","name":"李"}`))
	f.Add([]byte(`{"groups":"it cid","preferred_username":7}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		claims := map[string]any{}
		if json.Unmarshal(text, &claims) != nil {
			t.Skip()
		}
		if p, err := d.person("i s", claims); (err == nil) != (len(p.Roles) > 0) {
			t.Errorf("%s: %+v, %v", text, p, err)
		}
	})
}
