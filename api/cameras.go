package api

import (
	"context"

	"qianshao/registry"
	"qianshao/registry/account"
	"qianshao/registry/place"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// cameraJSON is a camera as it is told: no address, no password. The figures of
// its main stream stand at the top too.
type cameraJSON struct {
	ID            media.CameraID     `json:"id" doc:"our own id" example:"c_abcdefgh234567ab"`
	Carrier       string             `json:"carrier"`
	DeviceID      string             `json:"carrier_device_id"`
	Name          string             `json:"name"`
	Lifecycle     registry.Lifecycle `json:"lifecycle" enum:"imported,probing,pending_review,active,suspended,withdrawn,decommissioned"`
	EnrolledAt    *timeline.Micros   `json:"enrolled_at" format:"date-time" doc:"when it became active last; null: it never was"`
	RetentionDays int                `json:"retention_days,omitempty" doc:"0: the installation's default"`
	Division      string             `json:"division,omitempty" doc:"where it stands: a statistical code of 12 digits" example:"522301103205"`
	DivisionName  string             `json:"division_name,omitempty" doc:"the same in words, as far as it is known" example:"兴义市桔山街道街心社区"`
	Lon           *float64           `json:"lon" doc:"WGS-84 degrees; null: not known"`
	Lat           *float64           `json:"lat"`
	Azimuth       *float64           `json:"azimuth_deg" doc:"where it looks, clockwise from north"`
	FOV           *float64           `json:"fov_deg" doc:"angle of view"`
	Range         *float64           `json:"range_m" doc:"how far it sees"`
	CommonName    string             `json:"common_name,omitempty" doc:"what people call the point" example:"老粮站"`
	Landmark      string             `json:"landmark,omitempty" doc:"what it stands near" example:"供销社"`
	System        place.System       `json:"coord_system,omitempty" enum:"GCJ02,BD09" doc:"the system its position was given in, where that was not WGS84"`
	RawLon        *float64           `json:"raw_lon,omitempty" doc:"as it was given" example:"104.8975"`
	RawLat        *float64           `json:"raw_lat,omitempty" example:"25.0889"`
	Sight
	Figures
	Streams []streamJSON `json:"streams" doc:"main first"`
}

// Figures is exported for the JSON library, which looks into it. It says how a stream
// fares.
type Figures struct {
	State     registry.Phase   `json:"state" enum:"connecting,awaiting,streaming,stalled,degraded,waiting,paused,unassigned"`
	Since     *timeline.Micros `json:"since" format:"date-time" doc:"of state and cause; a silence begins at the last frame"`
	Cause     timeline.Cause   `json:"cause,omitempty" doc:"why there are no pictures"`
	LastError string           `json:"last_error,omitempty" doc:"what the camera or the network said last"`
	Codec     string           `json:"codec,omitempty" example:"h264+aac" doc:"video first"`
	FPS       float64          `json:"fps,omitempty" doc:"delivered pictures a second"`
	Bitrate   int64            `json:"bitrate,omitempty" doc:"bits a second"`
}

// streamJSON is one stream of a camera.
type streamJSON struct {
	Role string `json:"role" enum:"main,sub,sub2"`
	Push bool   `json:"push,omitempty" doc:"the camera publishes it; it is not pulled"`
	Figures
	Width         int              `json:"width,omitempty"`
	Height        int              `json:"height,omitempty"`
	LastFrame     *timeline.Micros `json:"last_frame" format:"date-time"`
	DurableUntil  *timeline.Micros `json:"durable_until" format:"date-time" doc:"footage before this survives a power cut"`
	LostPackets   int64            `json:"lost_packets,omitempty" doc:"since it connected"`
	Reconnects    int64            `json:"reconnects,omitempty"`
	ClockOffset   *float64         `json:"clock_offset_ms" doc:"the camera's clock minus the server's, now; null: not known"`
	ClockOffsetBy *float64         `json:"clock_uncertainty_ms"`
}

// when is a moment, or null for 0.
func when(t timeline.Micros) *timeline.Micros {
	if t == 0 {
		return nil
	}
	return &t
}

func figuresOf(s registry.State) Figures {
	return Figures{
		State: s.Phase, Since: when(s.Since), Cause: s.Cause, LastError: s.LastError,
		Codec: s.Codec, FPS: s.FPS, Bitrate: s.Bitrate,
	}
}

func (h *Handler) cameraJSON(a *asked, c *registry.Camera) cameraJSON {
	out := cameraJSON{
		ID: c.ID, Carrier: c.Carrier, DeviceID: c.DeviceID, Name: c.Name, Lifecycle: c.Lifecycle,
		EnrolledAt: when(c.EnrolledAt), RetentionDays: c.RetentionDays, Division: c.Division, DivisionName: place.FullName(c.Division),
		CommonName: c.CommonName, Landmark: c.Landmark,
	}
	if p := c.Place; p != nil {
		out.Lon, out.Lat, out.Azimuth, out.FOV, out.Range = &p.Lon, &p.Lat, p.Azimuth, p.FOV, p.Range
		if p.Raw != nil {
			out.System, out.RawLon, out.RawLat = p.System, &p.Raw.Lon, &p.Raw.Lat
		}
	}
	out.Streams = make([]streamJSON, 0, len(c.Streams))
	for _, s := range c.Streams {
		st := h.cfg.Registry.State(s.ID)
		if st.Why != "" && a.subject.Has(string(account.Admin)) {
			st.LastError = st.Why
		}
		x := streamJSON{
			Role: s.ID.Role(), Push: !s.Push.IsZero(), Figures: figuresOf(st), Width: st.Width, Height: st.Height,
			LastFrame: when(st.LastFrame), DurableUntil: when(st.DurableUntil),
			LostPackets: st.LostPackets, Reconnects: st.Reconnects,
		}
		if st.ClockKnown {
			off, by := float64(st.ClockOffset)/1000, float64(st.ClockUncertainty)/1000
			x.ClockOffset, x.ClockOffsetBy = &off, &by
		}
		out.Streams = append(out.Streams, x)
	}
	if len(out.Streams) > 0 {
		out.Figures = out.Streams[0].Figures
	}
	return out
}

type listIn struct {
	Place
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"at most so many"`
	After string `query:"after" doc:"next of the page before"`
	In    string `query:"in" maxLength:"12" doc:"a division's code: only cameras that stand there. With it the list has pages and its own order, and q and state hold, unlike with division" example:"522301103205"`
	Q     string `query:"q" maxLength:"200" doc:"part of name, device id or carrier, or our id"`
	State string `query:"state" enum:"connecting,awaiting,streaming,stalled,degraded,waiting,paused,unassigned,removed,all" doc:"of the main stream; removed: cameras that are no longer recorded; all: those too. Default: active cameras"`
}

type listOut struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		Items []cameraJSON `json:"items"`
		Next  string       `json:"next,omitempty" doc:"give it as after for the next page; absent on the last, and where a place is given"`
		More  int          `json:"more,omitempty" doc:"where a place is given: how many further cameras stand there"`
	}
}

// listCameras answers /api/v1/cameras.
func (h *Handler) listCameras(ctx context.Context, what *asked, in *listIn) (*listOut, error) {
	where, ok, err := in.where()
	if err != nil {
		return nil, err
	}
	if ok && in.In != "" {
		return nil, badParam("in", in.In, "no place beside it")
	}
	if ok {
		return h.listPlaced(ctx, what, where, in.Limit)
	}
	page, err := h.cfg.Registry.List(ctx, registry.Query{Limit: in.Limit, After: in.After, Q: in.Q, State: in.State, Carrier: what.carrier, Division: in.In, In: what.in})
	if err != nil {
		return nil, err
	}
	out := &listOut{Cache: "no-store"}
	out.Body.Items = make([]cameraJSON, 0, len(page.Items))
	for i := range page.Items {
		out.Body.Items = append(out.Body.Items, h.cameraJSON(what, &page.Items[i]))
	}
	out.Body.Next = page.Next
	return out, nil
}

// listPlaced lists the active cameras at a place, those that see it best first.
func (h *Handler) listPlaced(ctx context.Context, a *asked, where registry.Where, limit int) (*listOut, error) {
	may := h.lists(a)
	found, more, err := h.cfg.Registry.Find(ctx, where, timeline.Span{}, limit, func(f *registry.Found) bool {
		spot := f.Spot()
		return f.Lifecycle == registry.Active && may(&spot)
	})
	if err != nil {
		return nil, err
	}
	out := &listOut{Cache: "no-store"}
	out.Body.Items = []cameraJSON{}
	out.Body.More = more
	for i := range found {
		x := h.cameraJSON(a, &found[i].Camera)
		x.Sight = sightOf(&found[i])
		out.Body.Items = append(out.Body.Items, x)
	}
	return out, nil
}

type cameraIn struct {
	ID string `path:"id" doc:"our id, carrier:device, or a device id that one carrier alone uses"`
}

type cameraOut struct {
	Cache string `header:"Cache-Control"`
	Body  cameraJSON
}

// getCamera answers /api/v1/cameras/{id}.
func (h *Handler) getCamera(_ context.Context, a *asked, _ *cameraIn) (*cameraOut, error) {
	return &cameraOut{Cache: "no-store", Body: h.cameraJSON(a, &a.camera)}, nil
}
