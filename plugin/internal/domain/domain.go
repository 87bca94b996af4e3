// Package domain knows the words that are the last part of host names. A namespace
// with such a name takes over host names of others: the resolver of a Pod tries a
// name in svc.cluster.local before it asks for the name itself, so that every Pod of
// the cluster finds a Service of the namespace under the host name:
//
//	bank.hr  ->  bank.hr.svc.cluster.local, the Service bank in the namespace hr
package domain

import "golang.org/x/net/publicsuffix"

// In says, as the rest of a sentence about a namespace, which host names end in its
// name; "": no known ones.
func In(namespace string) string {
	if what, found := special[namespace]; found {
		return what
	}
	// The list has some domains, such as np, only as what is above any other label.
	if suffix, icann := publicsuffix.PublicSuffix("x." + namespace); icann && suffix != "" {
		return "is a top-level domain of the Internet"
	}
	return ""
}

const (
	cluster  = "is the last part of host names of the cluster itself"
	reserved = "is a top-level domain that is reserved for special use"
	private  = "is the last part of host names in many private networks"
)

// special are the words that end names of hosts without being top-level domains
// of the Internet, or before they are said to be that.
var special = map[string]string{
	// Kubernetes' own: kubernetes.default.svc is, in a namespace svc, the Pod
	// kubernetes of a headless Service default, before it is the API server.
	// Source: https://github.com/kubernetes/dns/blob/master/docs/specification.md
	"svc":     cluster,
	"pod":     cluster, // 10-0-0-1.sales.pod
	"cluster": cluster, // the first label of cluster.local, which some clusters have alone

	// The cluster's domain, unless it has another one, and mDNS: RFC 6762.
	"local": reserved,

	// RFC 2606 and RFC 6761. Programs test with them, and expect no answer.
	"test":      reserved,
	"example":   reserved,
	"invalid":   reserved,
	"localhost": reserved,

	"onion": reserved, // Tor: RFC 7686
	"alt":   reserved, // names that are not of DNS: RFC 9476
	"arpa":  reserved, // addresses, and home.arpa: RFC 3172, RFC 8375

	// ICANN reserves it for private networks, and clouds name their machines in it:
	// metadata.google.internal, ip-10-0-0-1.ec2.internal, host.docker.internal.
	// Source: https://www.icann.org/en/board-activities-and-meetings/materials/approved-resolutions-special-meeting-of-the-icann-board-29-07-2024-en
	"internal": private,

	// ICANN does not delegate them, since so many networks use them already.
	// Source: https://www.icann.org/en/board-activities-and-meetings/materials/approved-resolutions-regular-meeting-of-the-icann-board-04-02-2018-en
	"corp": private,
	"home": private,
	"mail": private,

	// What else private networks use: RFC 6762, appendix G.
	"intranet": private,
	"lan":      private,
	"private":  private,

	// The names of machines that have no other domain, in several distributions
	// and in routers.
	"localdomain": private, "localdomain4": private, "localdomain6": private,
	"localnet":  private,
	"domain":    private, // the default of many routers
	"workgroup": private, // Windows without a domain

	// Clouds and machines for virtual machines and containers name what runs on
	// them so: OpenStack, LXD, Podman, Multipass.
	"novalocal":      private,
	"openstacklocal": private,
	"lxd":            private,
	"podman":         private,
	"multipass":      private,

	// Consul answers web.service.consul; the Pod web of a headless Service
	// service would.
	"consul": private,
}
