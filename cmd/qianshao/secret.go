package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"qianshao/registry"
)

type secretCmd struct {
	Rotate secretRotateCmd `cmd:"" help:"Seal all passwords under a new key."`
}

type secretRotateCmd struct {
	folder
	JSON bool `name:"json" help:"Print JSON."`
}

// Help is printed below the flags.
func (*secretRotateCmd) Help() string {
	return `Makes a new DATA/secret.key, seals every camera password and push key under it, replaces the registry's snapshots in the store, and forgets the old key. Recording goes on. It may be cut off and given again.

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
		text := fmt.Sprintf("%d passwords and push keys are sealed under a new key: back up secret.key now\n", out.Sealed)
		if out.Locked > 0 {
			text += fmt.Sprintf("%d could not be opened with the old key and stay locked: import them anew\n", out.Locked)
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
		return out, errors.Join(c.d.people.Replace(ctx, c.d.store), c.d.cases.Replace(ctx, c.d.store))
	})
	if err != nil {
		return err
	}
	return answer(w, out)
}
