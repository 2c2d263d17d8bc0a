package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"qianshao/registry"
	"qianshao/registry/onboard"
	"qianshao/registry/place"
)

type placesCmd struct {
	Find   placesFindCmd   `cmd:"" help:"Find a place as the pages do: by name, pinyin, initials or coordinates."`
	Import placesImportCmd `cmd:"" help:"Bring along the site's own landmarks, groups of divisions or outlines."`
	List   placesListCmd   `cmd:"" help:"What the site brought along."`
}

type placesImportCmd struct {
	folder
	File   string `arg:"" help:"CSV of landmarks or groups, GeoJSON of outlines. - reads standard input."`
	Kind   string `required:"" enum:"landmark,group,outline" placeholder:"KIND" help:"landmark, group or outline. The list takes the place of all of its kind."`
	System string `name:"coord-system" placeholder:"SYSTEM" help:"Of coordinates that do not say so: WGS84 (the default of landmarks), GCJ02 or BD09."`
}

// Help is printed below the flags.
func (*placesImportCmd) Help() string {
	return `Columns of landmarks: name, lon, lat; and, if wanted, ref, also (other names, | between them), coord_system, village_code. Columns of groups: name, divisions (codes, | between them); and ref, also. Outlines are a FeatureCollection of polygons with the property code; say which coordinate system they are in.

Examples:
  qianshao places import landmarks.csv --kind landmark --coord-system GCJ02
  qianshao places import counties.geojson --kind outline --coord-system WGS84`
}

// Run imports a file.
func (c *placesImportCmd) Run(e *env) error {
	text, err := readFile(e, c.File)
	if err != nil {
		return err
	}
	return c.connected(e, func(conn *client) error {
		var done importedPlaces
		q := url.Values{"kind": {c.Kind}, "coord_system": {c.System}}
		if _, err := conn.call(e.ctx, "POST", "/control/v1/places", q, text, &done); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.out, "%d places of kind %s: they are found from now on\n", done.Places, c.Kind)
		return err
	})
}

type placesListCmd struct {
	folder
	JSON bool `name:"json" help:"Print JSON."`
}

// Run lists the site's places.
func (c *placesListCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error {
		var list []registry.SitePlace
		raw, err := conn.call(e.ctx, "GET", "/control/v1/places", nil, nil, &list)
		if err != nil || c.JSON {
			return errors.Join(err, printRaw(e, raw))
		}
		if len(list) == 0 {
			_, err := fmt.Fprintln(e.out, "no places: qianshao places import --help says how to bring them along")
			return err
		}
		t := table{head: []string{"KIND", "REF", "NAME", "ALSO", "WHERE", "DIVISIONS", "RINGS"}}
		for _, p := range list {
			rings := ""
			if len(p.Rings) > 0 {
				rings = strconv.Itoa(len(p.Rings))
			}
			t.add(string(p.Kind), p.Ref, p.Name, strings.Join(p.Also, " | "), pointText(p.At), strings.Join(p.Divisions, " "), rings)
		}
		return t.write(e.out)
	})
}

type placesFindCmd struct {
	folder
	Query []string `arg:"" help:"What to look for."`
	JSON  bool     `name:"json" help:"Print JSON."`
}

// Run finds places.
func (c *placesFindCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error {
		var out struct {
			Items []struct {
				Kind, Ref, Name string
				Path            []string
				Lon, Lat        *float64
			}
		}
		query := strings.Join(c.Query, " ")
		raw, err := conn.call(e.ctx, "GET", "/api/v1/places", url.Values{"q": {query}}, nil, &out)
		if err != nil || c.JSON {
			return errors.Join(err, printRaw(e, raw))
		}
		if len(out.Items) == 0 {
			return fmt.Errorf("nothing is called %s: try fewer characters, pinyin or initials", query)
		}
		t := table{head: []string{"KIND", "NAME", "IN", "REF", "WHERE"}}
		for _, p := range out.Items {
			var at *place.Point
			if p.Lon != nil && p.Lat != nil {
				at = &place.Point{Lon: *p.Lon, Lat: *p.Lat}
			}
			t.add(p.Kind, p.Name, strings.Join(p.Path, " "), p.Ref, pointText(at))
		}
		return t.write(e.out)
	})
}

func pointText(p *place.Point) string {
	if p == nil {
		return ""
	}
	return fmt.Sprintf("%.6f,%.6f", p.Lon, p.Lat)
}

type importedPlaces struct {
	Places int `json:"places"`
}

func (c *control) importPlaces(w http.ResponseWriter, r *http.Request) error {
	bad := func(err error) error { return fault(http.StatusUnprocessableEntity, err) }
	var system place.System
	if text := r.FormValue("coord_system"); text != "" {
		var err error
		if system, err = place.ParseSystem(text); err != nil {
			return bad(err)
		}
	}
	kind := registry.SiteKind(r.FormValue("kind"))
	list, err := onboard.ReadPlaces(r.Body, kind, system)
	if err != nil {
		return bad(err)
	}
	var fe *registry.FieldError
	if err := c.d.reg.ReplaceSitePlaces(r.Context(), kind, list); errors.As(err, &fe) {
		return bad(fe)
	} else if err != nil {
		return err
	}
	return answer(w, importedPlaces{len(list)})
}

func (c *control) listPlaces(w http.ResponseWriter, r *http.Request) error {
	list, err := c.d.reg.SitePlaces(r.Context())
	if err != nil {
		return err
	}
	return answer(w, list)
}
