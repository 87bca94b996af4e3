package controlplane

import (
	"fmt"

	"github.com/Masterminds/semver/v3"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Supported refuses an Istio that is older than all known versions, and warns of one
// that is newer: its rights, arguments and names are assumed to be those of the
// newest known one. warn may be nil.
func (p ControlPlane) Supported(warn func(string)) error {
	oldest, newest := semver.MustParse(istio.Oldest), semver.MustParse(istio.Newest)
	switch {
	case p.Version.LessThan(oldest):
		return fmt.Errorf("%s: runs Istio %s: must be %s or newer", object.IDOf(p.Deployment), p.Version, istio.Oldest)
	case warn != nil && !p.Version.LessThan(semver.New(newest.Major(), newest.Minor()+1, 0, "", "")):
		warn(fmt.Sprintf("%s: runs Istio %s, and the newest that this program knows is %s: "+
			"new rights, arguments and names of it may not be handled; use a newer istio-tenancy",
			object.IDOf(p.Deployment), p.Version, istio.Newest))
	}
	return nil
}
