package digest

import "testing"

// Standard makes what a test makes anew use the standard library, as where there
// is no assembly.
func Standard(t testing.TB) {
	was := hardware
	hardware = false
	t.Cleanup(func() { hardware = was })
}

// Hardware says whether there is assembly for this processor.
func Hardware() bool { return hardware }
