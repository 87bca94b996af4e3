package program

import (
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/discovery"
)

// The programs of a control plane.
const (
	Pilot  = "pilot" // istiod, too: its image is still called so
	CA     = "ca"    // istio-ca in 0.x, Citadel later
	Mixer  = "mixer"
	Galley = "galley"
)

// Flag is an argument that limits a program to a tenant.
type Flag struct {
	Program string
	// Since and Before are the minor versions that take it; Before is exclusive,
	// "" is no bound.
	Since, Before string
	// Name is what is written, Short the letter that means the same.
	Name, Short string
	// Apart says that name and value are two arguments.
	Apart bool
	// Switch says that it may stand without a value.
	Switch bool
	// Value for a tenant.
	Value func(Tenant) string
	// Why it is set, and what it does not limit.
	Why string
}

// Tenant is what values are made of: the control plane's namespace and those
// of the applications.
type Tenant struct {
	Own          string
	Applications []string
}

func first(t Tenant) string        { return t.Applications[0] }
func applications(t Tenant) string { return strings.Join(t.Applications, ",") }
func all(t Tenant) string          { return t.Own + "," + applications(t) }
func fixed(v string) Value         { return func(Tenant) string { return v } }
func with(prefix string, v Value) Value {
	return func(t Tenant) string { return prefix + v(t) }
}

// Value makes the value of a flag.
type Value = func(Tenant) string

// Flags is all that this repository knows of the arguments of control planes.
// Sources, all of istio/istio: pilot/cmd/pilot-discovery, security/cmd/istio_ca,
// mixer/cmd/mixs, mixer/pkg/config/crd, galley/cmd/galley, at the releases named.
var Flags = []Flag{
	{
		Program: Pilot, Before: "1.7", Name: "--appNamespace", Short: "-a", Apart: true, Value: first,
		Why: "Pilot lists Services, Endpoints, Pods, Ingresses and configuration of this namespace only",
	},
	{
		Program: Pilot, Since: "1.7", Before: "1.11", Name: "--appNamespace", Short: "-a", Apart: true, Value: applications,
		Why: "accepted, and without effect; discoverySelectors do it from 1.10 on",
	},
	{
		Program: Pilot, Since: "1.1", Before: "1.6", Name: "--disable-install-crds", Switch: true, Value: fixed("true"),
		Why: "the common base has the kinds; up to 1.0 Pilot creates those that are missing, and stops where it may not try",
	},
	{
		Program: Pilot, Since: "0.8", Before: "1.0", Name: "--clusterRegistriesNamespace", Apart: true, Value: func(t Tenant) string { return t.Own },
		Why: "the default is istio-system, whose Secrets may be another tenant's; from 1.0 on it is POD_NAMESPACE",
	},
	{
		Program: CA, Before: "1.1", Name: "--listened-namespace", Value: first,
		Why: "the CA makes certificates for, and logs, ServiceAccounts of this namespace only; " +
			"it knows one, so that the control plane's own accounts get none",
	},
	{
		Program: CA, Since: "1.1", Before: "1.6", Name: "--listened-namespaces", Value: all,
		Why: "Citadel makes certificates for, and logs, ServiceAccounts of these namespaces only",
	},
	{
		Program: Mixer, Before: "1.8", Name: "--configStoreURL", Value: with("k8s://?ns=", all),
		Why: "Mixer uses the configuration of these namespaces; it lists the whole cluster and drops the rest",
	},
	{
		Program: Galley, Since: "1.1", Before: "1.5", Name: "--enable-server", Switch: true, Value: fixed("false"),
		Why: "Galley serves Pilot and Mixer the whole cluster's configuration, and no argument limits it; " +
			"without it they read their own. It still validates",
	},
	{
		Program: Galley, Since: "1.1", Before: "1.5", Name: "--webhook-name", Value: with("istio-galley-", func(t Tenant) string { return t.Own }),
		Why: "tenants with one name would overwrite each other's webhooks",
	},
}

// Of returns the flags of a program in the plan's version.
func Of(program string, plan discovery.Plan) []Flag {
	return slices.DeleteFunc(slices.Clone(Flags), func(f Flag) bool {
		return f.Program != program || f.Since != "" && plan.Before(f.Since) || f.Before != "" && plan.AtLeast(f.Before)
	})
}
