package snapshot

import (
	"errors"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/workers"
)

// OfCluster is a snapshot of objects that somebody has read from a cluster, each as its
// JSON, with the tenants that overlays configure; from is where messages say that the
// objects are. What could not be read is an error, as for [Read].
func OfCluster(from string, objects [][]byte, configs []Config) (*Reading, error) {
	r := reader{words: &words{numbers: map[string]uint32{}}}
	parts := make([]parsed, len(objects))
	workers.OnAllCores(len(objects), func(i int) { parts[i] = r.parse(from, objects[i], false) })
	reading := &Reading{Configs: configs, words: r.words.numbers}
	var all []*Object
	var errs []error
	for _, p := range parts {
		all = append(all, p.objects...)
		reading.Planes = append(reading.Planes, p.planes...)
		reading.Roots = append(reading.Roots, p.roots...)
		errs = append(errs, p.errs...)
	}
	reading.Snapshot = New(all, tenants(all, reading, nil))
	return reading, errors.Join(errs...)
}
