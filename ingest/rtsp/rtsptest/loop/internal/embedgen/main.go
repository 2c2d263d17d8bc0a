// Embedgen makes the loops that package loop embeds. It is run by go generate
// in that package's folder and needs ffmpeg.
package main

import (
	"context"
	"fmt"
	"os"

	"qianshao/ingest/rtsp/rtsptest/loop"
)

func main() {
	if err := loop.WriteEmbedded(context.Background(), "embedded"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
