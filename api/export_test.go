package api

// RouteOf is what tests know of a route.
type RouteOf struct{ Method, Path, Action string }

// Routes lists everything the server answers.
func (h *Handler) Routes() (list []RouteOf) {
	for i := range h.spec {
		list = append(list, RouteOf{h.spec[i].verb(), h.spec[i].path, string(h.spec[i].action)})
	}
	return list
}
