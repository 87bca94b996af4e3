package access

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/netpol"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// Reach says that Pods of one tenant may connect to Pods of another.
type Reach struct {
	// From is a tenant, or a namespace that belongs to no tenant; both are "" if
	// everybody may connect.
	From          string `json:"from,omitempty"`
	FromNamespace string `json:"fromNamespace,omitempty"`
	To            string `json:"to"`
	ToNamespace   string `json:"toNamespace"`
	// Port is an example: "TCP 15017"; "": there is no workload whose ports are known.
	Port string `json:"port,omitempty"`
	// By lets it in; "": no policy limits incoming connections.
	By string `json:"by,omitempty"`
	At string `json:"at,omitempty"`
	// Namespaces are those from which it comes, where there are many.
	Namespaces int `json:"namespaces,omitempty"`
}

// many is how many namespaces are named one by one. Beyond, they are counted.
const many = 20

// everybody is a namespace that nobody has made, and stands for any that somebody will.
const everybody = "istio-tenancy-everybody"

// reaches are what the network lets through between tenants.
func reaches(s *snapshot.Snapshot) (all []Reach, unread []string, err error) {
	n, err := netpol.New(s)
	if errors.Is(err, netpol.ErrPlatform) {
		return nil, []string{err.Error()}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	for _, id := range n.Unread {
		unread = append(unread, id.String()+": is of a kind that is not evaluated here, and may allow or forbid more")
	}
	of := map[string]string{}
	for _, t := range s.Tenants {
		for _, namespace := range t.Namespaces {
			of[namespace] = t.Name
		}
	}
	found := map[Reach]bool{}
	for _, t := range s.Tenants {
		for _, namespace := range t.Namespaces {
			for _, o := range n.Opens(namespace) {
				for _, from := range froms(o, t) {
					if r, comes := connects(n, o, from, namespace); comes {
						r.From, r.To, r.ToNamespace = of[from], t.Name, namespace
						if r.FromNamespace = from; from == everybody {
							r.FromNamespace = ""
						}
						if r.Namespaces = 0; from == everybody && !o.All && o.Block == nil {
							r.Namespaces = len(o.From)
						}
						found[r] = true
					}
				}
			}
		}
	}
	return slices.SortedFunc(maps.Keys(found), func(a, b Reach) int {
		return cmp.Or(cmp.Compare(a.To, b.To), cmp.Compare(a.ToNamespace, b.ToNamespace), cmp.Compare(a.From, b.From), cmp.Compare(a.FromNamespace, b.FromNamespace),
			cmp.Compare(a.By, b.By), cmp.Compare(a.Port, b.Port))
	}), unread, nil
}

// froms are the namespaces of others from which an opening lets in Pods.
func froms(o netpol.Opening, t snapshot.Tenant) []string {
	if o.All || o.Block != nil || len(o.From) > many+len(t.Namespaces) {
		return []string{everybody}
	}
	return slices.DeleteFunc(slices.Clone(o.From), t.Has)
}

// connects says what of an opening comes about: a connection to a workload that is
// there, or, where none is, whatever policies say.
func connects(n *netpol.Network, o netpol.Opening, from, to string) (Reach, bool) {
	r := Reach{At: o.Source.String()}
	if o.Rule >= 0 {
		r.By = fmt.Sprintf("%s, spec.ingress[%d]", o.Policy, o.Rule)
	}
	empty := true
	for _, pod := range n.Pods(to) {
		if pod.HostNetwork || !o.Pods.Matches(labels.Set(pod.Labels)) && o.Rule >= 0 {
			continue
		}
		empty = false
		if !o.All && o.Block == nil && from == everybody {
			from = o.From[0]
		}
		c, found := n.Any(from, pod)
		if found && lets(o, c.By) {
			r.Port = fmt.Sprintf("%s %d", c.Protocol, c.Port)
			return r, true
		}
	}
	return r, empty
}

// lets says whether it is an opening that lets a connection in, and not another one.
func lets(o netpol.Opening, by []netpol.Rule) bool {
	in := slices.DeleteFunc(slices.Clone(by), func(r netpol.Rule) bool { return r.Direction != networkingv1.PolicyTypeIngress })
	if o.Rule < 0 {
		return len(in) == 0
	}
	return slices.ContainsFunc(in, func(r netpol.Rule) bool { return r.Policy == o.Policy && r.Index == o.Rule })
}
