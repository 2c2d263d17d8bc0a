package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"qianshao/registry"
)

// standing tells how the node stands, asked anew for every scrape. What a single
// stream does is in the API: a label a stream would make a hundred thousand
// series.
type standing struct{ d *data }

var (
	streamsDesc = prometheus.NewDesc("qianshao_streams", "Streams by state.", []string{"state"}, nil)
	troubleDesc = prometheus.NewDesc("qianshao_streams_in_trouble", "Streams without pictures, by cause.", []string{"cause"}, nil)
	lostDesc    = prometheus.NewDesc("qianshao_stream_packets_lost", "RTP packets lost in the present sessions.", nil, nil)
	pendingDesc = prometheus.NewDesc("qianshao_spool_pending_segments", "Sealed segments that wait for the store.", nil, nil)
	waitingDesc = prometheus.NewDesc("qianshao_spool_pending_bytes", "Bytes of segments that wait for the store.", nil, nil)
	viewsDesc   = prometheus.NewDesc("qianshao_viewings_open", "Viewings that are open.", nil, nil)
	entriesDesc = prometheus.NewDesc("qianshao_register_entries", "Place of the last entry of the access register.", nil, nil)
	copyDesc    = prometheus.NewDesc("qianshao_register_waiting", "Entries of the access register that the store has no copy of yet.", nil, nil)
	failingDesc = prometheus.NewDesc("qianshao_register_failing", "1 while the access register cannot be written and no footage is shown.", nil, nil)
	freeDesc    = prometheus.NewDesc("qianshao_disk_free_bytes", "Free bytes on the disk of the data folder.", nil, nil)
)

// Describe implements prometheus.Collector.
func (standing) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{streamsDesc, troubleDesc, lostDesc, pendingDesc, waitingDesc, viewsDesc, entriesDesc, copyDesc, failingDesc, freeDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (s standing) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	states, causes, lost := map[string]int{}, map[string]int{}, int64(0)
	for _, p := range []registry.Phase{registry.Streaming, registry.Connecting, registry.Awaiting, registry.Stalled, registry.Waiting} {
		states[string(p)] = 0 // so that an alert on zero has a series
	}
	for _, st := range s.d.reg.States() {
		states[string(st.Phase)]++
		if st.Cause != "" {
			causes[string(st.Cause)]++
		}
		lost += st.LostPackets
	}
	for state, n := range states {
		gauge(streamsDesc, float64(n), state)
	}
	for cause, n := range causes {
		gauge(troubleDesc, float64(n), cause)
	}
	gauge(lostDesc, float64(lost))
	n, bytes := s.d.archive.Spool.Pending()
	gauge(pendingDesc, float64(n))
	gauge(waitingDesc, float64(bytes))
	_, head := s.d.book.Head()
	gauge(viewsDesc, float64(s.d.views.Open()))
	gauge(entriesDesc, float64(head.Seq))
	gauge(copyDesc, float64(s.d.book.Waiting()))
	failing := 0.0
	if s.d.book.Failing() != nil {
		failing = 1
	}
	gauge(failingDesc, failing)
	if free, _, err := s.d.fs.Free(); err == nil {
		gauge(freeDesc, float64(free))
	}
}
