package form

import (
	"encoding/json"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

// maxBlanks is how many made-up names there are, which differ in one letter.
const maxBlanks = 26

// Sample is a made-up tenant.
type Sample struct {
	Tenant v1alpha1.IstioTenant
	names  []string
}

// Samples returns the two tenants to make a form of; !ok: the shape leaves
// no room for their names.
func (s Shape) Samples() (short, long Sample, ok bool) {
	room := s.room()
	for i := range s.blanks {
		first := "aaq" + string(rune('a'+i)) + "j"
		last := "zzq" + string(rune('z'-i)) + "v"
		if room[i] < len(last) {
			return Sample{}, Sample{}, false
		}
		short.names = append(short.names, first)
		long.names = append(long.names, last+strings.Repeat("v", room[i]-len(last)))
	}
	for _, sample := range []*Sample{&short, &long} {
		sample.Tenant = clone(s.tenant)
		fill := filler(sample.names)
		for _, f := range fields(&sample.Tenant) {
			*f.value = fill.Replace(*f.value)
		}
	}
	return short, long, true
}

func filler(names []string) *strings.Replacer {
	var pairs []string
	for i, name := range names {
		pairs = append(pairs, blank(i), name)
	}
	return strings.NewReplacer(pairs...)
}

// longest is how long a made-up name is where there is room for it.
const longest = 63

// room is how long each name may be in all fields that it is in.
func (s Shape) room() []int {
	room := make([]int, s.blanks)
	for i := range room {
		room[i] = longest
	}
	for _, f := range fields(&s.tenant) {
		fixed, blanks := *f.value, 0
		for i := range room {
			blanks += strings.Count(fixed, blank(i))
			fixed = strings.ReplaceAll(fixed, blank(i), "")
		}
		for i := range room {
			if strings.Contains(*f.value, blank(i)) {
				room[i] = min(room[i], (limitOf(f.path)-len(fixed))/blanks)
			}
		}
	}
	return room
}

// Config is the tenant as the file that a kustomization lists.
func (s Sample) Config() ([]byte, error) {
	return json.Marshal(s.Tenant) // JSON is YAML
}
