package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"qianshao/api/web"
	"qianshao/registry/access"
)

// route is one thing that can be asked for.
type route struct {
	path    string
	method  string // default GET, which HEAD follows
	action  access.Action
	extent  extent
	footage bool // gives footage, or tells where it is: takes viewing=
	doc     huma.Operation
	// One of these two. mount is for JSON, which the library decodes and
	// describes; serve is for bytes, described in document.go.
	mount func(huma.API, huma.Operation)
	serve func(http.ResponseWriter, *http.Request) error
}

func (rt *route) verb() string { return cmp.Or(rt.method, http.MethodGet) }

// routes is everything the server answers, and what the gate is asked before.
// A route without action is open to all: it tells nothing about cameras.
func (h *Handler) routes(page *web.App) []route {
	const camera = "/api/v1/cameras/{id}"
	list := []route{
		{path: "/api/v1/cameras", action: access.ListCameras, doc: docs.cameras, mount: asJSON(h, h.listCameras)},
		{path: camera, action: access.ReadCamera, doc: docs.camera, mount: asJSON(h, h.getCamera)},

		{path: camera + "/timeline", action: access.ReadTimeline, extent: window, footage: true, doc: docs.timeline, mount: asJSON(h, h.timeline)},
		{path: camera + "/viewings", action: access.ReadViewings, doc: docs.watched, mount: asJSON(h, h.watched)},
		{path: camera + "/life", action: access.ReadLife, doc: docs.life, mount: asJSON(h, h.life)},
		{path: camera + "/pauses", method: http.MethodPost, action: access.Decide, doc: docs.pause, mount: asJSON(h, h.pause)},
		{path: camera + "/pauses/{pause}", method: http.MethodDelete, action: access.Decide, doc: docs.resume, mount: asJSON(h, h.resume)},
		{path: camera + "/withdrawal", method: http.MethodPost, action: access.Decide, doc: docs.withdraw, mount: asJSON(h, h.withdraw)},
		{path: "/api/v1/maps", action: access.ListCameras, doc: docs.maps, mount: asJSON(h, h.maps)},
		{path: "/tiles/{source}/{z}/{x}/{y}", action: access.ListCameras, doc: docs.tile, serve: h.tile},
		{path: "/api/v1/outlines", action: access.ListCameras, doc: docs.outlines, mount: asJSON(h, h.outlines)},
		{path: "/api/v1/names", action: access.ListCameras, doc: docs.names, mount: asJSON(h, h.names)},
		{path: "/api/v1/places", action: access.ListCameras, doc: docs.places, mount: asJSON(h, h.places)},
		{path: "/api/v1/footage", action: access.FindFootage, extent: window, footage: true, doc: docs.footage, mount: asJSON(h, h.footage)},

		{path: camera + "/clip.mp4", action: access.ReadFootage, extent: window, footage: true, doc: docs.clip, serve: h.clip},
		{path: camera + "/play.mp4", action: access.ReadFootage, extent: window, footage: true, doc: docs.play, serve: h.play},
		{path: camera + "/preview.mp4", action: access.ReadFootage, extent: window, footage: true, doc: docs.preview, serve: h.preview},
		{path: camera + "/playlist.m3u8", action: access.ReadFootage, extent: window, footage: true, doc: docs.playlist, serve: h.playlist},
		{path: camera + "/live.mp4", action: access.WatchLive, extent: present, footage: true, doc: docs.live, serve: h.live},
		{path: camera + "/snapshot.jpg", action: access.ReadPicture, extent: moment, footage: true, doc: docs.snapshot, serve: h.snapshot},
		{path: camera + "/still.jpg", action: access.ReadPicture, extent: window, footage: true, doc: docs.still, serve: h.still},
		{path: camera + "/sprite.jpg", action: access.ReadPicture, extent: window, footage: true, doc: docs.sprite, serve: h.sprite},

		{path: "/api/v1/addresses", method: http.MethodPost, action: access.AddCameras, doc: docs.addresses, mount: asJSON(h, h.changeAddresses)},
		{path: "/api/v1/reconciliations", method: http.MethodPost, action: access.Reconcile, doc: docs.reconcile, serve: h.reconcile},
		{path: "/api/v1/subsidies", action: access.Reconcile, doc: docs.subsidies, serve: h.subsidies},

		{path: "/api/v1/register", action: access.ReadRegister, doc: docs.register, mount: asJSON(h, h.listRegister)},
		{path: "/api/v1/register.csv", action: access.ReadRegister, doc: docs.registerCSV, serve: h.registerCSV},
		{path: "/api/v1/register/verify", action: access.ReadRegister, doc: docs.verify, mount: asJSON(h, h.verifyRegister)},

		{path: "/metrics", action: access.Operate, doc: docs.metrics, serve: h.metrics},
		{path: "/healthz", doc: docs.healthz, serve: h.healthz},
		{path: "/readyz", doc: docs.readyz, serve: h.readyz},
		{path: "/openapi.json", doc: docs.openapi, serve: h.openapi},

		{path: web.AppPrefix + "{file...}", doc: docs.assets, serve: page.Part},
		{path: "/icon.svg", doc: docs.assets, serve: page.Icon},
	}
	described := map[string]huma.Operation{"/{$}": docs.app, "/cameras": docs.camerasPage, "/cases": docs.casesPage, "/me": docs.mePage, "/sign-in": docs.signInPage}
	for _, address := range web.AppPages {
		op, ok := described[address]
		if !ok {
			op = docs.assets
		}
		list = append(list, route{path: address, doc: op, serve: page.Document})
	}
	if h.cfg.Jobs != nil {
		list = append(list, h.importRoutes()...)
	}
	if h.cfg.Accounts == nil {
		return list
	}
	const session, file, viewing = "/api/v1/session", "/api/v1/cases/{case}", "/api/v1/viewings/{viewing}"
	if h.cfg.Directory != nil {
		list = append(list,
			route{path: directoryPath, doc: docs.toDirectory, serve: h.toDirectory},
			route{path: DirectoryCallback, doc: docs.fromDirectory, serve: h.fromDirectory},
		)
	}
	return append(list,
		route{path: "/api/v1/cases", action: access.ListCases, doc: docs.cases, mount: asJSON(h, h.listCases)},
		route{path: "/api/v1/cases", method: http.MethodPost, action: access.OpenCase, doc: docs.openCase, mount: asJSON(h, h.openCase)},
		route{path: file, action: access.ReadCase, doc: docs.oneCase, mount: asJSON(h, h.getCase)},
		route{path: file + "/viewings", action: access.ReadCase, doc: docs.caseViewings, mount: asJSON(h, h.caseViewings)},
		route{path: file + "/members", method: http.MethodPut, action: access.WorkOnCase, doc: docs.members, mount: asJSON(h, h.setMembers)},
		route{path: file + "/hops", method: http.MethodPost, action: access.WorkOnCase, doc: docs.hops, mount: asJSON(h, h.growCase)},
		route{path: file + "/adoption", method: http.MethodPost, action: access.WorkOnCase, doc: docs.adoption, mount: asJSON(h, h.adoptCase)},
		route{path: file + "/closing", method: http.MethodPost, action: access.WorkOnCase, doc: docs.closing, mount: asJSON(h, h.closeCase)},
		route{path: file + "/approval", method: http.MethodPost, action: access.ApproveCase, doc: docs.approval, mount: asJSON(h, h.approveCase)},
		route{path: file + "/reviews", method: http.MethodPost, action: access.ReviewCase, doc: docs.review, mount: asJSON(h, h.reviewCase)},
		route{path: "/api/v1/emergencies", action: access.ReadRegister, doc: docs.emergencies, mount: asJSON(h, h.emergencies)},
		route{path: "/api/v1/viewings", method: http.MethodPost, action: access.OpenViewing, doc: docs.openViewing, mount: asJSON(h, h.openViewing)},
		route{path: viewing, action: access.OpenViewing, doc: docs.oneViewing, mount: asJSON(h, h.getViewing)},
		route{path: viewing, method: http.MethodDelete, action: access.OpenViewing, doc: docs.closeViewing, mount: asJSON(h, h.closeViewing)},
		route{path: viewing + "/shares", method: http.MethodPost, action: access.OpenViewing, doc: docs.share, mount: asJSON(h, h.shareViewing)},

		route{path: session + "/ways", doc: docs.ways, mount: asJSON(h, h.waysIn)},
		route{path: session, doc: docs.whoAmI, mount: asJSON(h, h.whoAmI)},
		route{path: session, method: http.MethodPost, doc: docs.signIn, mount: asJSON(h, h.signIn)},
		route{path: session, method: http.MethodDelete, doc: docs.signOut, mount: asJSON(h, h.signOut)},
		route{path: session + "/password", method: http.MethodPut, doc: docs.changePassword, mount: asJSON(h, h.changePassword)},
		route{path: session + "/second-factor", method: http.MethodPost, doc: docs.newFactor, mount: asJSON(h, h.newFactor)},
		route{path: session + "/second-factor", method: http.MethodPut, doc: docs.confirmFactor, mount: asJSON(h, h.confirmFactor)},
		route{path: "/api/v1/links", method: http.MethodPost, doc: docs.useLink, mount: asJSON(h, h.useLink)},
	)
}

// importRoutes are those of lists of cameras.
func (h *Handler) importRoutes() []route {
	const imports, job = "/api/v1/imports", "/api/v1/imports/{job}"
	return []route{
		{path: imports, action: access.AddCameras, doc: docs.imports, mount: asJSON(h, h.listImports)},
		{path: imports, method: http.MethodPost, action: access.AddCameras, doc: docs.beginImport, serve: h.beginImport},
		{path: imports + "/template.xlsx", action: access.AddCameras, doc: docs.template, serve: h.importTemplate},
		{path: job, action: access.AddCameras, doc: docs.oneImport, mount: asJSON(h, h.getImport)},
		{path: job, method: http.MethodDelete, action: access.AddCameras, doc: docs.cancelImport, mount: asJSON(h, h.cancelImport)},
		{path: job + "/events", action: access.AddCameras, doc: docs.importEvents, serve: h.importEvents},
		{path: job + "/errors.xlsx", action: access.AddCameras, doc: docs.importErrors, serve: h.importErrors},
		{path: "/api/v1/cameras.xlsx", action: access.AddCameras, doc: docs.camerasXLSX, serve: h.camerasXLSX},
		{path: "/api/v1/cameras.csv", action: access.AddCameras, doc: docs.camerasCSV, serve: h.camerasCSV},
	}
}

// asJSON describes and registers a handler whose answer is JSON.
func asJSON[In, Out any](h *Handler, f func(context.Context, *asked, *In) (*Out, error)) func(huma.API, huma.Operation) {
	return func(a huma.API, op huma.Operation) {
		huma.Register(a, op, func(ctx context.Context, in *In) (*Out, error) {
			what := askedOf(ctx)
			out, err := f(ctx, what, in)
			if err != nil {
				if gone := ctx.Err(); gone != nil && !errors.Is(err, gone) { // databases say it in their own words
					err = errors.Join(gone, err)
				}
				return nil, h.problem(what.path, err)
			}
			return out, nil
		})
	}
}

// gated is the mux as the JSON library sees it: what is registered through it
// stands behind the gate.
type gated struct {
	h  *Handler
	rt *route
}

// HandleFunc implements humago.Mux.
func (g gated) HandleFunc(pattern string, next func(http.ResponseWriter, *http.Request)) {
	if pattern != g.rt.verb()+" "+g.rt.path {
		panic(fmt.Sprintf("route %s registers %s", g.rt.path, pattern)) // our own mistake, found by any test
	}
	g.h.mux.HandleFunc(pattern, g.h.guard(g.rt, next))
}

// ServeHTTP implements humago.Mux.
func (g gated) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.h.mux.ServeHTTP(w, r) }
