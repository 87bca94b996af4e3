package istio

import "github.com/Masterminds/semver/v3"

// Oldest and Newest are the minor versions of Istio that the catalogue knows.
// Release is the one whose charts are embedded, of the minor version Newest.
const (
	Oldest  = "0.7"
	Newest  = "1.31"
	Release = "1.31.0"
)

// RevisionsSince is the minor version from which on a control plane is one
// program, istiod, and may have a revision. Before, it is several: Pilot,
// Mixer, the CA and so on.
const RevisionsSince = "1.6"

// Range is a range of minor versions: from Since, inclusive, to Before,
// exclusive. An empty bound is none.
type Range struct{ Since, Before string }

// Holds says whether a version is in the range.
func (r Range) Holds(v *semver.Version) bool {
	return (r.Since == "" || !v.LessThan(semver.MustParse(r.Since))) &&
		(r.Before == "" || v.LessThan(semver.MustParse(r.Before)))
}

// IsNewest says whether a version is of the minor version Newest, whose schemas
// are known.
func IsNewest(v *semver.Version) bool {
	newest := semver.MustParse(Newest)
	return v.Major() == newest.Major() && v.Minor() == newest.Minor()
}
