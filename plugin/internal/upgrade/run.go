package upgrade

import (
	"context"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
)

// Run builds overlays with two bases and says what changes. Reports of overlays without
// a mistake are returned beside the error.
func Run(ctx context.Context, o render.SwapOptions) ([]Report, error) {
	swapped, err := render.Swap(ctx, o)
	var all []one
	for _, s := range swapped {
		all = append(all, newOne(Compare(s), s.Tenant))
	}
	return grouped(all), err
}
