package template

import (
	"encoding/json"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

// maxPlaceholders is how many made-up names there are, which differ in one letter.
const maxPlaceholders = 26

// Sample is a made-up tenant.
type Sample struct {
	Tenant v1alpha1.IstioTenant
	names  []string
}

// Samples returns the two tenants for making a template; !ok: the key leaves no room
// for their names.
func (s Key) Samples() (short, long Sample, ok bool) {
	room := s.room()
	for i := range s.placeholders {
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
		pairs = append(pairs, placeholder(i), name)
	}
	return strings.NewReplacer(pairs...)
}

// longest is how long a made-up name is where there is room for it.
const longest = 63

// room is how long each name may be in all fields that it is in.
func (s Key) room() []int {
	room := make([]int, s.placeholders)
	for i := range room {
		room[i] = longest
	}
	for _, f := range fields(&s.tenant) {
		fixed, placeholders := *f.value, 0
		for i := range room {
			placeholders += strings.Count(fixed, placeholder(i))
			fixed = strings.ReplaceAll(fixed, placeholder(i), "")
		}
		for i := range room {
			if strings.Contains(*f.value, placeholder(i)) {
				room[i] = min(room[i], (limitOf(f.path)-len(fixed))/placeholders)
			}
		}
	}
	return room
}

// Config is the tenant as the file that a kustomization lists.
func (s Sample) Config() ([]byte, error) {
	return json.Marshal(s.Tenant) // JSON is YAML
}
