package access

import (
	"context"
	"errors"
	"testing"

	"qianshao/storage/media"
)

func TestTheGateIsOpenAndCloses(t *testing.T) {
	t.Parallel()
	gate := New()
	cam := media.NewCameraID()
	for _, a := range []Action{
		ListCameras, ReadCamera, EditCamera, AddCameras, ReadTimeline, FindFootage, ReadFootage, ReadPicture, WatchLive, Operate,
	} {
		if err := gate.Authorize(t.Context(), Request{Action: a, Camera: cam}); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
	for _, r := range []Request{{}, {Action: "footage.erase"}, {Action: ReadFootage}, {Action: WatchLive}} {
		if err := gate.Authorize(t.Context(), r); !errors.Is(err, ErrForbidden) {
			t.Errorf("%+v: %v, want ErrForbidden", r, err)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := gate.Authorize(gone, Request{Action: ListCameras}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
