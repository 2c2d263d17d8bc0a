package main

import (
	"fmt"

	"qianshao/registry/receipt"
)

type receiptCmd struct {
	Verify receiptVerifyCmd `cmd:"" help:"Check that a receipt of a deletion is as it was signed."`
}

type receiptVerifyCmd struct {
	File string `arg:"" help:"The receipt, JSON. - reads standard input."`
}

// Help is printed below the flags.
func (*receiptVerifyCmd) Help() string {
	return `Prints what was deleted, and the fingerprint of the key that signed it: compare that with the one the site has published. It needs no server and no data folder.`
}

// Run verifies a receipt.
func (c *receiptVerifyCmd) Run(e *env) error {
	text, err := readFile(e, c.File)
	if err != nil {
		return err
	}
	r, err := receipt.Verify(text)
	if err != nil {
		return err
	}
	held := ""
	if r.Held > 0 {
		held = fmt.Sprintf("held      %d segments that a case needs: they follow\n", r.Held)
	}
	span := "nothing was there"
	if r.Segments > 0 {
		span = localTime(r.Span.From) + " to " + localTime(r.Span.To)
	}
	_, err = fmt.Fprintf(e.out, "camera    %s (%s:%s)\nwithdrawn %s\ndeleted   %s: %d segments, %d bytes\nfootage   %s\n%sroot      %s\nkey       %s\n",
		r.Camera, r.Carrier, r.DeviceID, localTime(r.At), localTime(r.Done), r.Segments, r.Bytes, span, held, r.Root, r.Fingerprint())
	return err
}
