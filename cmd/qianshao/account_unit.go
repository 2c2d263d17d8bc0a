package main

import (
	"errors"
	"fmt"
	"strings"

	"qianshao/registry/account"
	"qianshao/registry/area"
)

type accountUnitCmd struct {
	folder
	ID     string           `arg:"" placeholder:"ID" help:"As the bureau names it."`
	Name   string           `required:"" placeholder:"NAME"`
	Kind   account.UnitKind `required:"" placeholder:"KIND" help:"bureau, county or station."`
	Parent string           `placeholder:"ID" help:"The unit it belongs to; a bureau has none."`
	Area   []string         `placeholder:"CODE" help:"Division codes of 6, 9 or 12 digits, with commas."`
	Ring   []string         `name:"polygon" sep:"none" placeholder:"'LON,LAT LON,LAT LON,LAT'" help:"An area that is no division: its corners, WGS-84. May be given again."`
}

// Help is printed below the flags.
func (*accountUnitCmd) Help() string {
	return `Makes a unit, or changes it.

Example:
  qianshao account unit QXN --name 黔西南州公安局 --kind bureau
  qianshao account unit XY --name 兴义市公安局 --kind county --parent QXN --area 522301`
}

// Run puts the unit.
func (c *accountUnitCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error {
		u := account.Unit{ID: c.ID, Name: c.Name, Kind: c.Kind, Parent: c.Parent, Areas: c.Area}
		for _, text := range c.Ring {
			p, err := area.ParsePolygon(text)
			if err != nil {
				return fmt.Errorf("--polygon: %w", err)
			}
			u.Polygons = append(u.Polygons, p)
		}
		if _, err := conn.send(e.ctx, "POST", "/control/v1/units", u, nil); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.out, "unit %s %s\n", c.ID, c.Name)
		return err
	})
}

type accountUnitsCmd struct {
	folder
	JSON bool `name:"json" help:"Print JSON."`
}

// Run prints a line a unit.
func (c *accountUnitsCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error {
		var list []account.Unit
		raw, err := conn.call(e.ctx, "GET", "/control/v1/units", nil, nil, &list)
		if err != nil || c.JSON {
			return errors.Join(err, printRaw(e, raw))
		}
		t := table{head: []string{"ID", "KIND", "NAME", "BELONGS TO", "AREAS"}}
		for _, u := range list {
			t.add(u.ID, string(u.Kind), u.Name, u.Parent, strings.Join(u.Areas, " "))
		}
		return t.write(e.out)
	})
}
