package e2e

import (
	"path/filepath"
	"sync"

	"github.com/istio-tenancy/istio-tenancy/e2e/checkout"
	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// newCheckout copies this repository's bases, overlays and examples.
func newCheckout(dir string) (checkout.Checkout, error) {
	path, err := filepath.Abs(tools)
	if err != nil {
		return checkout.Checkout{}, err
	}
	return checkout.New("..", dir, path)
}

// renderCommon is the common base, as shipped. It is the largest thing that kustomize
// builds here, and the same in every checkout: so it is built once.
func renderCommon() ([]*cluster.Object, error) {
	all, err := commonOnce()
	if err != nil {
		return nil, err
	}
	copies := make([]*cluster.Object, len(all)) // a test may change what it gets
	for i, object := range all {
		copies[i] = object.DeepCopy()
	}
	return copies, nil
}

var commonOnce = sync.OnceValues(func() ([]*cluster.Object, error) {
	dir, err := filepath.Abs(filepath.Join(logs, "common"))
	if err != nil {
		return nil, err
	}
	source, err := newCheckout(dir)
	if err != nil {
		return nil, err
	}
	return source.Render("bases/istio/common")
})
