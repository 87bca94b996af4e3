package checklist

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
)

// catalogue adds what a version has that the catalogue has no row for, and what
// the catalogue counts on that the version has not.
func catalogue(version *semver.Version, facts *Facts) {
	gap := func(name string) { facts.Add(Fact{Topic: "gap", Name: name}) }
	if newest := semver.MustParse(istio.Newest); version.Minor() > newest.Minor() || version.Major() > newest.Major() {
		gap("the newest version that the catalogue knows is " + istio.Newest)
	}
	discovery := discoveryOf(version)
	for _, f := range facts.All() {
		switch f.Topic {
		case "kind":
			plural, group, _ := strings.Cut(strings.Fields(f.Name)[1], ".")
			if !slices.Contains(istio.Resources[group], plural) {
				gap("istio.Resources has no " + plural + "." + group)
			}
		case "right":
			account, what, ok := strings.Cut(f.Name, " in the cluster: ")
			if !ok || strings.HasPrefix(what, "/") {
				continue // in one namespace only, or a URL
			}
			resource, _, _ := strings.Cut(what, " ")
			if c, found := holderOf(account, discovery); !found {
				gap("no component has the account " + account)
			} else if c.Idle == "" && c.Dropped == "" && !fits(c.RightsIn(version), resource) {
				gap("no right of " + c.Name + " is about " + resource)
			}
		}
	}
	missing(discovery, version, facts, gap)
}

func discoveryOf(version *semver.Version) istio.Component {
	all := istio.Of(version)
	return all[slices.IndexFunc(all, func(c istio.Component) bool { return c.Discovery })]
}

// holderOf is the component that runs as an account. The charts call istiod's
// like istiod.
func holderOf(account string, discovery istio.Component) (istio.Component, bool) {
	if account == istio.IstiodService {
		return discovery, true
	}
	i := slices.IndexFunc(istio.Components, func(c istio.Component) bool { return slices.Contains(c.Accounts, account) })
	if i < 0 {
		return istio.Component{}, false
	}
	return istio.Components[i], true
}

// fits says whether a row is about what a fact calls resource.group.
func fits(rows []istio.Right, what string) bool {
	resource, group, _ := strings.Cut(what, ".")
	return slices.ContainsFunc(rows, func(r istio.Right) bool { return r.Fits(group, resource) })
}

// missing adds what the catalogue sets to limit istiod that this istiod does
// not read: the limit would be none, and nobody would be told.
func missing(discovery istio.Component, version *semver.Version, facts *Facts, gap func(string)) {
	if !facts.hasTopic("feature") {
		return // no source at hand
	}
	variables, arguments, ports := discovery.Variables, discovery.Arguments, discovery.Ports
	if identity := discovery.Identity; identity != nil {
		variables, arguments = slices.Concat(variables, identity.Variables), slices.Concat(arguments, identity.Arguments)
		ports = append(slices.Clone(ports), istio.Port{Name: "plaintext xDS", Number: identity.Plaintext})
		audiences(*identity, facts, gap)
	}
	for _, v := range variables {
		if v.Holds(version) && !facts.has("feature", v.Name) {
			gap(discovery.Name + " does not read " + v.Name + ", which a tenant sets: " + v.Why)
		}
	}
	for _, a := range arguments {
		if a.OnlyIfSet {
			continue // where it is not known, nobody may set it
		}
		if a.Holds(version) && !facts.has("flag", a.Name) {
			gap(discovery.Name + " does not know " + a.Name + ", which a tenant sets: " + a.Why)
		}
	}
	for _, p := range ports {
		number := fmt.Sprint(p.Number)
		if p.Holds(version) && !slices.ContainsFunc(facts.All(), func(f Fact) bool {
			return f.Topic == "port" && strings.HasSuffix(f.Name, ": "+number)
		}) {
			gap(fmt.Sprintf("%s has no port %s, which is for %s", discovery.Name, number, p.Name))
		}
	}
}

// audiences adds templates of Pods whose tokens are of an audience that a tenant
// does not replace: their proxies would get no certificate.
func audiences(identity istio.Identity, facts *Facts, gap func(string)) {
	value := "{{ .Values." + strings.Join(identity.AudienceValue, ".") + " }}"
	for _, f := range facts.All() {
		of, audience, found := strings.Cut(f.Name, ": audience ")
		if f.Topic == "template" && found && audience != istio.UpstreamAudience && audience != value {
			gap(of + " asks for tokens of the audience " + audience + ", which a tenant's istiod does not accept")
		}
	}
}
