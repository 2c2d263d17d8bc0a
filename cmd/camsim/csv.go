package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"os"

	"qianshao/ingest/rtsp/rtsptest"
)

// writeCSV lists the cameras for `qianshao import`. Their places are invented:
// a spiral of about 30 m steps around 105.0 E 25.1 N. Credentials stand in
// columns of their own when there are any.
func writeCSV(path string, srv *rtsptest.Server, o *options) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("camera list: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	head := []string{"carrier_device_id", "name", "rtsp_url", "lon", "lat"}
	if o.Username != "" {
		head = append(head, "username", "password")
	}
	w := csv.NewWriter(f)
	rows := [][]string{head}
	for i := 1; i <= srv.Cameras(); i++ {
		angle := float64(i) * 2.39996 // the golden angle spreads them evenly
		r := 30 * math.Sqrt(float64(i))
		lon := 105.0 + r*math.Cos(angle)/(111_320*math.Cos(25.1*math.Pi/180))
		lat := 25.1 + r*math.Sin(angle)/111_320
		row := []string{
			fmt.Sprintf("SIM%04d", i), fmt.Sprintf("Simulated camera %04d", i), srv.URL(i),
			fmt.Sprintf("%.6f", lon), fmt.Sprintf("%.6f", lat),
		}
		if o.Username != "" {
			row = append(row, o.Username, o.Password)
		}
		rows = append(rows, row)
	}
	return w.WriteAll(rows)
}
