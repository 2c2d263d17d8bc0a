package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Mark is what no two cameras may have in common.
type Mark struct {
	Camera   media.CameraID
	Carrier  string
	DeviceID string
	GBID     string
	URLs     []string // of its streams that are pulled
	Lon, Lat float64
	Placed   bool // Lon and Lat are known
}

// MarkOf is a camera's.
func MarkOf(c *Camera) Mark {
	m := Mark{Camera: c.ID, Carrier: c.Carrier, DeviceID: c.DeviceID, GBID: c.Dossier.GBID}
	for i := range c.Streams {
		if c.Streams[i].URL != "" {
			m.URLs = append(m.URLs, c.Streams[i].URL)
		}
	}
	if c.Place != nil {
		m.Lon, m.Lat, m.Placed = c.Place.Lon, c.Place.Lat, true
	}
	return m
}

// Marks lists those of the cameras that are there: neither withdrawn nor decommissioned.
func (r *Registry) Marks(ctx context.Context) ([]Mark, error) {
	rows, err := r.db.R().QueryContext(ctx, `SELECT c.id, c.carrier, c.device_id, c.gb_id, p.lon, p.lat,
		coalesce((SELECT group_concat(s.url, char(10)) FROM streams s WHERE s.camera = c.id AND s.url <> ''), '')
		FROM cameras c LEFT JOIN camera_places p ON p.camera = c.id AND p.valid_to = ?
		WHERE c.lifecycle NOT IN ('withdrawn', 'decommissioned') ORDER BY c.carrier, c.device_id`, int64(timeline.Forever))
	if err != nil {
		return nil, fmt.Errorf("list cameras: %w", r.db.Explain(err))
	}
	defer func() { _ = rows.Close() }()
	var out []Mark
	for rows.Next() {
		var m Mark
		var lon, lat *float64
		var urls string
		if err := rows.Scan(&m.Camera, &m.Carrier, &m.DeviceID, &m.GBID, &lon, &lat, &urls); err != nil {
			return nil, fmt.Errorf("list cameras: %w", err)
		}
		if urls != "" {
			m.URLs = strings.Split(urls, "\n")
		}
		if lon != nil && lat != nil {
			m.Lon, m.Lat, m.Placed = *lon, *lat, true
		}
		out = append(out, m)
	}
	return out, r.db.Explain(rows.Err())
}

// ByDevice returns the cameras of a carrier with these device ids, by device id. What
// is not known is left out.
func (r *Registry) ByDevice(ctx context.Context, carrier string, devices []string) (map[string]Camera, error) {
	out, err := r.byDevice(ctx, r.db.R(), carrier, devices)
	if err != nil {
		return nil, fmt.Errorf("find cameras: %w", r.db.Explain(err))
	}
	return out, nil
}

func (r *Registry) byDevice(ctx context.Context, on querier, carrier string, devices []string) (map[string]Camera, error) {
	out := map[string]Camera{}
	for part := range slices.Chunk(devices, streamsAtOnce) {
		args := []any{carrier}
		for _, d := range part {
			args = append(args, d)
		}
		list, err := r.cameras(ctx, on, `WHERE c.carrier = ? AND c.device_id IN (?`+strings.Repeat(", ?", len(part)-1)+`)`, args...)
		if err != nil {
			return nil, err
		}
		for i := range list {
			out[list[i].DeviceID] = list[i]
		}
	}
	return out, nil
}
