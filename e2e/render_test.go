package e2e

import (
	"path/filepath"

	"github.com/istio-tenancy/istio-tenancy/e2e/checkout"
)

// newCheckout copies this repository's bases, overlays and examples.
func newCheckout(dir string) (checkout.Checkout, error) {
	path, err := filepath.Abs(tools)
	if err != nil {
		return checkout.Checkout{}, err
	}
	return checkout.New("..", dir, path)
}
