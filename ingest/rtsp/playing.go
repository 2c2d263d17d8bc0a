package rtsp

import (
	"context"
	"fmt"
	"time"
)

// Here a session is ours alone. The library has left once PLAY was answered: it
// would keep five goroutines a camera, and see nothing.

// leave makes the library let go of the connection, which stays open: its reads
// end, what it writes goes nowhere, and closing does nothing. Once it has left,
// left gives the connection to whoever reads on.
func (t *tap) leave() error {
	t.leaving.Store(true)
	return t.Conn.SetReadDeadline(time.Now())
}

func (t *tap) left() {
	t.leaving.Store(false)
	t.deadline = 0
}

// Close ends the connection, unless it is only the library that leaves.
func (t *tap) Close() error {
	if t.leaving.Load() {
		return nil
	}
	return t.Conn.Close()
}

// play reads until the session ends, and returns why.
func (a *attempt) play(ctx context.Context, t *tap) error {
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		t.finish()
		a.hangUp(t)
	})
	var junk [64]byte // answers to keep-alives
	var err error
	for err == nil {
		_, err = t.Read(junk[:])
	}
	if stop() {
		a.hangUp(t)
	} else {
		<-ended
	}
	a.asking.Wait()
	return err
}

// hangUp ends the session. The camera is told, and not waited for.
func (a *attempt) hangUp(t *tap) {
	_ = t.ask(a.hooks.request("TEARDOWN")) // a courtesy
	_ = t.Close()                          // nothing is left to write
}

// keepAlive asks something of the camera when that is due. It is called about
// once a second, and does not wait: a request may need a new connection (RTSP
// over HTTP), and the camera may not take it.
func (a *attempt) keepAlive(at time.Duration) {
	if a.alive == 0 {
		a.alive = at
	}
	if at-a.alive < a.hooks.aliveEvery()-drainEvery || !a.hooks.playing() {
		return
	}
	a.alive = at
	t := a.last()
	a.asking.Go(func() {
		if err := t.ask(a.hooks.request("")); err != nil {
			a.fail(fmt.Errorf("keep-alive: %w", err))
			_ = t.Close() // who reads it is told
		}
	})
}

// ask sends a request of ours.
func (t *tap) ask(m *message) error {
	if err := t.hooks.outgoing(m); err != nil {
		return err
	}
	return t.write(m, t.clock())
}
