package diagnostic

import "strings"

// pages has, for a part of an error that is always the same, the heading that says what to
// do. A heading of docs/troubleshooting.md that quotes an error of this program is here.
var pages = []struct{ part, page string }{
	{"which a base has until a tenant is laid over it", "docs/troubleshooting.md#holds-istio_tenant_namespace-which-a-base-has-until-a-tenant-is-laid-over-it"},
	{"give this overlay a name or an output directory of its own", "docs/troubleshooting.md#is-rendered-from--another-directory"},
	{"so that kustomize takes it for a plugin of its own", "docs/troubleshooting.md#unable-to-find-plugin-root-or-configkubernetesiofunction-is-missing"},
	{"in a kustomization has moved the base", "docs/troubleshooting.md#namespace-in-a-kustomization-has-moved-the-base"},
	{"cannot tell the Istio version from image", "docs/troubleshooting.md#cannot-tell-the-istio-version-from-image-"},
	{"which states Istio ", "docs/troubleshooting.md#found-112-which-states-istio-112-and-"},
	{" is another program", "docs/troubleshooting.md#is-another-program-or-is-on-another-host-and-nothing-is-fetched-that-is-not-allowed"},
	{"and nothing is fetched that is not allowed", "docs/troubleshooting.md#is-another-program-or-is-on-another-host-and-nothing-is-fetched-that-is-not-allowed"},
	{"aliases expand to more than", "docs/troubleshooting.md#aliases-expand-to-more-than-4-mib"},
	{"its build uses ", "docs/troubleshooting.md#its-build-uses--of-memory-or-its-build-has-not-ended-after"},
	{"its build has not ended after ", "docs/troubleshooting.md#its-build-uses--of-memory-or-its-build-has-not-ended-after"},
	{"is a top-level domain of the Internet", "docs/troubleshooting.md#is-a-top-level-domain-of-the-internet-or-is-the-last-part-of-host-names"},
	{"is the last part of host names ", "docs/troubleshooting.md#is-a-top-level-domain-of-the-internet-or-is-the-last-part-of-host-names"},
	{"istio-tenancy generates a", "docs/troubleshooting.md#istio-tenancy-generates-a-peerauthentication-of-this-name-or-a-networkpolicy"},
	{"the base states no image of it", "docs/troubleshooting.md#runs-a-proxy-beside-the-control-plane-and-the-base-states-no-image-of-it"},
	{"of which this release does not know whether it has a namespace", "docs/troubleshooting.md#of-which-this-release-does-not-know-whether-it-has-a-namespace"},
	{" that this release knows", "docs/troubleshooting.md#runs-no-program-that-this-release-knows-or-is-no-right-of--that-this-release-knows"},
}

// see comes before the address of a page. What is read of a process comes without it, and
// gets it again where it is written.
const see = "; see https://github.com/istio-tenancy/istio-tenancy/blob/main/docs/troubleshooting.md#"

// withPage is a line of an error with the address of its page, if it has one.
func withPage(line string) string {
	if strings.Contains(line, see) {
		return line
	}
	for _, p := range pages {
		if strings.Contains(line, p.part) {
			_, heading, _ := strings.Cut(p.page, "#")
			return line + see + heading
		}
	}
	return line
}

// withoutPage is a line as it was.
func withoutPage(line string) string {
	line, _, _ = strings.Cut(line, see)
	return line
}
