package recorder

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics of all recorders of a process. A nil *Metrics counts nothing.
type Metrics struct {
	write    prometheus.Histogram
	latency  prometheus.Histogram
	seal     prometheus.Histogram
	bytes    prometheus.Counter
	failures prometheus.Counter
	losses   prometheus.Counter
}

// NewMetrics makes the collectors and registers them.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	fast := []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5}
	m := &Metrics{
		write: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "qianshao_fragment_append_seconds", Buckets: fast,
			Help: "Time to write one fragment to the spool and make it durable.",
		}),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "qianshao_fragment_durable_latency_seconds", Buckets: fast,
			Help: "From the arrival of a fragment's last unit until the fragment is durable.",
		}),
		seal: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "qianshao_segment_seal_seconds", Buckets: fast,
			Help: "Time to seal one segment.",
		}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "qianshao_segment_sealed_bytes_total", Help: "Bytes of sealed segments.",
		}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "qianshao_spool_write_errors_total", Help: "Spool files given up after a failed write or sync.",
		}),
		losses: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "qianshao_fragments_lost_total", Help: "Fragments that were received but could not be kept.",
		}),
	}
	reg.MustRegister(m.write, m.latency, m.seal, m.bytes, m.failures, m.losses)
	return m
}

func (m *Metrics) fragment(write, latency time.Duration) {
	if m != nil {
		m.write.Observe(write.Seconds())
		m.latency.Observe(latency.Seconds())
	}
}

func (m *Metrics) sealed(took time.Duration, bytes int64) {
	if m != nil {
		m.seal.Observe(took.Seconds())
		m.bytes.Add(float64(bytes))
	}
}

func (m *Metrics) writeError() {
	if m != nil {
		m.failures.Inc()
	}
}

func (m *Metrics) lost() {
	if m != nil {
		m.losses.Inc()
	}
}
