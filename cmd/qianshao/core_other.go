//go:build !linux

package main

// noCore does nothing here.
func noCore() {}
