package api

import (
	"maps"
	"slices"

	"github.com/danielgtaylor/huma/v2"
)

// examples show what values look like in the OpenAPI document, by the name of a
// property or parameter, or as Schema.property where a name means several things.
// What has an example, a default or a few values of its own is left as it is.
var examples = map[string]any{
	"id": "c_abcdefgh234567ab", "camera": "c_abcdefgh234567ab", "cameras": []string{"c_abcdefgh234567ab"}, "carrier": "unicom", "carrier_device_id": "XY-JP-0017",
	"name": "桔山村口", "enrolled_at": "2026-11-01T02:00:00.000000Z", "retention_days": 30, "lon": 104.895, "lat": 25.092, "azimuth_deg": 135, "fov_deg": 80, "range_m": 40,
	"width": 1920, "height": 1080, "last_frame": "2026-11-23T01:00:00.040000Z", "durable_until": "2026-11-23T01:00:00.000000Z", "lost_packets": 3, "reconnects": 2,
	"clock_offset_ms": -180.5, "clock_uncertainty_ms": 20, "offset_ms": -180.5, "uncertainty_ms": 20, "since": "2026-11-23T00:58:00.000000Z", "last_error": "401 Unauthorized", "cause": "camera_offline",
	"fps": 25, "bitrate": 2000000, "distance_m": 118.4, "bearing_deg": 87.5, "min_zoom": 5, "max_zoom": 16, "attribution": "国家地理信息公共服务平台 天地图", "coordinates": [][][]float64{{{104.88, 25.08}, {104.91, 25.08}, {104.88, 25.08}}}, "until": "2026-11-23T02:00:00.000000Z", "covered": 3540.5, "bucket_s": 3600,
	"from": "2026-11-23T01:00:00.000000Z", "to": "2026-11-23T02:00:00.000000Z", "at": "2026-11-23T01:30:00.000000Z", "as_of": "4711", "n": 60,
	"after": "unicom:XY-JP-0017", "next": "unicom:XY-JP-0017", "more": 12, "q": "桔山", "viewing": "v_abcdefgh234567ab",
	"note": "同意", "by": "wang.wei", "opened": "2026-11-23T01:00:00.000000Z", "added": "2026-11-23T01:40:00.000000Z", "expires": "2026-12-23T01:00:00.000000Z",
	"members": []string{"wang.wei", "li.na"}, "shared": []string{"li.na"}, "is": 35, "most": 20, "polygons": [][][]float64{{{104.88, 25.08}, {104.91, 25.08}, {104.9, 25.11}}},
	"chain": "r_abcdefgh234567ab", "seq": 1207, "kind": "viewing.open", "who": "wang.wei", "unit": "XY-JP", "case": "A5223012026110017", "reason": "三头黄牛被盗",
	"address": "10.8.3.21", "act": "footage.read", "requests": 42, "bytes": 128000000, "result": "allowed", "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
	"damaged": 0, "entries": 1207, "first": 1, "last": 1207, "stored": 1200, "file": "2026-11.jsonl", "notices": []string{"3 entries are not in the store yet"},
	"login": "wang.wei", "roles": []string{"investigator"}, "password": "three words or more", "new": "another three words", "code": "492039",
	"receipt": map[string]any{"v": 1, "camera": "c_abcdefgh234567ab", "segments": 43210, "merkle_root": "9f86d081…", "signature": "…"},
	"link":    "l_abcdefgh234567abcdefgh234567abcd", "png": "iVBORw0KGgo…", "adopted": 1, "due_for_review": 1, "reviewed": 0,
	"title": "Not Found", "status": 404, "detail": "camera \"GATE\": no such camera", "error": "no such bucket", "back": "/cases", "state": "JBSWY3DPEHPK3PXP",
	"OfficerJSON.opened": 2, "Fault.detail": "its hash is not that of its line", "Problem.next": "GET /api/v1/cameras lists the cameras",
	"CheckResult.name": "store", "CheckResult.next": "bring the store back; footage is kept in the spool meanwhile", "PersonJSON.name": "王伟", "UseLinkInBody.name": "王伟",
	"FactorInBody.url": "otpauth://totp/qianshao:wang.wei?secret=…", "NewFactorOutBody.url": "otpauth://totp/qianshao:wang.wei?secret=…", "HopInBody.camera": "GATE",
	"comeFromDirectory.code": "SplxlOBeZQQYbYS6WxSbIA", "comeFromDirectory.error": "access_denied", "month": "2026-11", "min_days": 20, "getSnapshot.width": 640, "getSprite.width": 160,
}

// answers are examples of what is no schema of ours, by operation.
var answers = map[string]any{
	"getMetrics": "qianshao_frames_total{codec=\"h264\"} 1.234567e+06\n", "getHealth": map[string]any{"status": "ok"}, "getReady": map[string]any{"status": "ready"},
	"getOpenAPI": map[string]any{"openapi": "3.1.0"}, "getRegisterCSV": "chain,seq,at,kind,who,…\nr_abcdefgh234567ab,1207,2026-11-23T01:00:00.000000Z,viewing.open,wang.wei,…\n",
	"beginImport":       map[string]any{"id": "j_abcdefgh234567ab", "carrier": "telecom", "by": "wang.wei", "dry_run": false, "state": "queued", "total": 0, "done": 0},
	"watchImport":       "event: progress\ndata: {\"id\":\"j_abcdefgh234567ab\",\"state\":\"running\",\"total\":3000,\"done\":1000,…}\n\nevent: end\ndata: {…}\n\n",
	"getImportTemplate": "PK…", "getImportErrors": "PK…", "getCamerasXLSX": "PK…", "getCamerasCSV": "carrier,carrier_device_id,…\ntelecom,XY-JP-0017,…\n",
	"getTile": "\x89PNG…", "getPlaylist": "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:10\n…",
}

// show puts the examples into a document, and returns the names of those that it
// had no use for.
func show(doc *huma.OpenAPI) (unused []string) {
	left := maps.Clone(examples)
	of := func(owner, name string) (any, bool) {
		for _, key := range []string{owner + "." + name, name} {
			if v, ok := examples[key]; ok {
				delete(left, key)
				return v, true
			}
		}
		return nil, false
	}
	for owner, s := range doc.Components.Schemas.Map() {
		for name, p := range s.Properties {
			if p.Ref != "" || len(p.Examples) > 0 || len(p.Enum) > 0 || p.Default != nil || p.Type == huma.TypeBoolean {
				continue
			}
			if v, ok := of(owner, name); ok && (p.Items == nil || p.Items.Ref == "") {
				p.Examples = []any{v}
			}
		}
	}
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete} {
			if op == nil {
				continue
			}
			op.Parameters = slices.Clone(op.Parameters) // the table of routes is shared
			for i, p := range op.Parameters {
				if p.Example != nil || p.Schema == nil || len(p.Schema.Examples) > 0 || len(p.Schema.Enum) > 0 || p.Schema.Default != nil || p.Schema.Type == huma.TypeBoolean {
					continue
				}
				if v, ok := of(op.OperationID, p.Name); ok {
					with := *p
					with.Example = v
					op.Parameters[i] = &with
				}
			}
			if v, ok := answers[op.OperationID]; ok {
				op.Responses = maps.Clone(op.Responses)
				for status, r := range op.Responses {
					if status[0] != '2' {
						continue
					}
					with := *r
					with.Content = map[string]*huma.MediaType{}
					for kind, c := range r.Content {
						with.Content[kind] = &huma.MediaType{Schema: c.Schema, Example: v}
					}
					op.Responses[status] = &with
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(left))
}
