package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"qianshao/registry"
	"qianshao/storage/blob/sealblob"
)

type secretCmd struct {
	Rotate secretRotateCmd `cmd:"" help:"Seal all passwords, and the keys of footage, under a new key."`
	Lost   secretLostCmd   `cmd:"" help:"Footage whose key the site's key of now does not open."`
}

type secretRotateCmd struct {
	folder
	JSON bool `name:"json" help:"Print JSON."`
}

// Help is printed below the flags.
func (*secretRotateCmd) Help() string {
	return `Makes a new DATA/secret.key, seals every camera password, push key and data key of footage under it, replaces the registry's snapshots in the store, and forgets the old key. Recording goes on. It may be cut off and given again.

Do it when somebody who could read the key has left. Who has copied the passwords themselves still has them: change those at the cameras. Then back up the new secret.key; backups of registry.db from before need the old one.`
}

// Run rotates the key.
func (c *secretRotateCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error {
		var out registry.Rotated
		raw, err := conn.call(e.ctx, "POST", "/control/v1/secret/rotate", nil, nil, &out)
		if err != nil {
			return err
		}
		if c.JSON {
			_, err = e.out.Write(raw)
			return err
		}
		text := fmt.Sprintf("%d passwords and keys are sealed under a new key: back up secret.key now\n", out.Sealed)
		if out.Locked > 0 {
			text += fmt.Sprintf("%d could not be opened with the old key and stay locked: import passwords anew; of footage see qianshao secret lost\n", out.Locked)
		}
		_, err = fmt.Fprint(e.out, text)
		return err
	})
}

// rotateSecret seals all passwords under a new key.
func (c *control) rotateSecret(w http.ResponseWriter, r *http.Request) error {
	out, err := c.d.reg.RotateKey(r.Context(), c.d.store, func(ctx context.Context) (out registry.Rotated, err error) {
		if out.Sealed, out.Locked, err = c.d.people.Reseal(ctx); err != nil {
			return out, err
		}
		sealed, locked, err := c.d.keys.Reseal(ctx)
		out.Sealed, out.Locked = out.Sealed+sealed, out.Locked+locked
		return out, errors.Join(err, c.d.people.Replace(ctx, c.d.store), c.d.cases.Replace(ctx, c.d.store))
	})
	if err != nil {
		return err
	}
	return answer(w, out)
}

type secretLostCmd struct {
	folder
	Forget bool `name:"forget" help:"Mark these keys as destroyed: their footage cannot be read any more, and recording into these months goes on under new ones."`
	JSON   bool `name:"json" help:"Print JSON."`
}

// Help is printed below the flags.
func (*secretLostCmd) Help() string {
	return `Footage in the store is encrypted under a key for each camera and month; DATA/secret.key opens those keys. With another secret.key they are lost, unless the right one is put back from a backup: do that first.

Until then nothing more can be stored for these cameras in these months; it waits in the spool. If the right key is gone for good, --forget gives the footage up and lets recording go on. The footage cannot be brought back after that, not even with the right key.`
}

// lostKeys are the months of one camera whose data key is lost.
type lostKeys struct {
	Camera string   `json:"camera"`
	Months []string `json:"months"` // yyyymm, UTC
}

// Run lists lost keys, and gives them up.
func (c *secretLostCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error {
		method, path := "GET", "/control/v1/secret/lost"
		if c.Forget {
			method, path = "POST", "/control/v1/secret/forget"
		}
		lost := []lostKeys{}
		raw, err := conn.call(e.ctx, method, path, nil, nil, &lost)
		if err != nil {
			return err
		}
		if c.JSON {
			_, err = e.out.Write(raw)
			return errors.Join(err, foundIf(len(lost) > 0 && !c.Forget))
		}
		text := "no key of footage is lost\n"
		if len(lost) > 0 {
			text = ""
		}
		for _, l := range lost {
			text += fmt.Sprintf("%s  %s\n", l.Camera, strings.Join(l.Months, " "))
		}
		switch {
		case len(lost) > 0 && c.Forget:
			text += "given up: recording goes on under new keys\n"
		case len(lost) > 0:
			text += "put back the secret.key of then and start again; if it is gone for good: qianshao secret lost --forget\n"
		}
		_, err = fmt.Fprint(e.out, text)
		return errors.Join(err, foundIf(len(lost) > 0 && !c.Forget))
	})
}

// lostSecrets tells which data keys are lost.
func (c *control) lostSecrets(w http.ResponseWriter, r *http.Request) error {
	lost, err := c.d.keys.Lost(r.Context())
	if err != nil {
		return err
	}
	return answer(w, byCamera(lost))
}

// forgetSecrets gives up the data keys that are lost.
func (c *control) forgetSecrets(w http.ResponseWriter, r *http.Request) error {
	lost, err := c.d.keys.Lost(r.Context())
	if err != nil {
		return err
	}
	for _, s := range lost {
		if err := c.d.keys.Destroy(r.Context(), s, nil); err != nil {
			return err
		}
	}
	return answer(w, byCamera(lost))
}

func byCamera(lost []sealblob.Scope) []lostKeys {
	out := []lostKeys{}
	for _, s := range lost { // in order of cameras, then months
		if len(out) == 0 || out[len(out)-1].Camera != s.Camera {
			out = append(out, lostKeys{Camera: s.Camera})
		}
		last := &out[len(out)-1]
		last.Months = append(last.Months, s.Month)
	}
	return out
}
