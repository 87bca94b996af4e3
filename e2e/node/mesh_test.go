package node_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/node"
	"github.com/istio-tenancy/istio-tenancy/e2e/tally"
	"github.com/stretchr/testify/require"
)

func TestAMeshTakesItsOwnIdentitiesOnTheWire(t *testing.T) {
	c := claims(t, "On the wire, in the meshes of three tenants, in both modes of discovery, between Pods that their own istiod injected: a mesh answers its own Pods, by their identities, and refuses plaintext, the certificate of another mesh, and a certificate of its own CA for a foreign namespace")
	turn(c, &lanes.meshes)
	w := theEnforcedWorld(t)
	theMeshes(t, w).each(c, func(_ *testing.T, m *mesh) {
		m.checkOwnCall(c, "as rendered")
		m.check(c, "as rendered", m.caller.place, []attempt{
			{own, m.who, "answered " + m.identity(m.caller.namespace)},
			{plaintext, m.who, cutOff},
			{plaintext, m.unlabelled, cutOff},
			{ofOther, m.who, unknownAuthority},
			{foreign, m.who, denied},
		})
	})
}

func TestANamespaceInAllowFromNeedsACertificateOfTheMesh(t *testing.T) {
	c := claims(t, "On the wire, from a namespace in `allowFrom`: a certificate of the mesh's own CA for that namespace is accepted, and plaintext and a certificate of another mesh are not. After the namespace is removed from `allowFrom`, its new connections are refused as before")
	turn(c, &lanes.meshes)
	w := theEnforcedWorld(t)
	theMeshes(t, w).each(c, func(t *testing.T, m *mesh) {
		restore := w.change(t, m.tenant, func(spec map[string]any) {
			network, _ := spec["network"].(map[string]any)
			if network == nil {
				network = map[string]any{}
			}
			before, _ := network["allowFrom"].([]any)
			network["allowFrom"] = append(before, m.foreign())
			spec["network"] = network
		})
		m.check(c, "with a foreign namespace in allowFrom", m.stranger, []attempt{
			{foreign, m.who, "answered " + m.identity(m.foreign())},
			{own, m.who, "answered " + m.identity(m.caller.namespace)},
			{plaintext, m.who, cutOff},
			{ofOther, m.who, unknownAuthority},
		})
		restore()
		m.check(c, "without it in allowFrom", m.caller.place, []attempt{{foreign, m.who, denied}})
	})
}

func TestWithoutThePolicyAForeignNamespaceIsAnswered(t *testing.T) {
	c := claims(t, "For comparison: without `deny-other-tenants`, a certificate of the mesh's own CA for a foreign namespace is accepted, and mutual TLS still refuses the others")
	turn(c, &lanes.meshes)
	w := theEnforcedWorld(t)
	theMeshes(t, w).each(c, func(t *testing.T, m *mesh) {
		var policies []*cluster.Object
		for _, object := range m.tenant.objects {
			if object.GetKind() == "AuthorizationPolicy" && object.GetName() == "deny-other-tenants" {
				policies = append(policies, object)
			}
		}
		require.NotEmpty(t, policies)
		restore := func() {
			_, err := w.node.Cluster.Admin.Apply(policies)
			require.NoError(t, err)
		}
		t.Cleanup(restore)
		require.NoError(t, w.node.Cluster.Admin.Delete(policies))
		m.check(c, "without the policy", m.caller.place, []attempt{
			{foreign, m.who, "answered " + m.identity(m.foreign())},
			{own, m.who, "answered " + m.identity(m.caller.namespace)},
			{plaintext, m.who, cutOff},
			{ofOther, m.who, unknownAuthority},
		})
		restore()
		m.check(c, "with the policy again", m.caller.place, []attempt{{foreign, m.who, denied}})
	})
}

// Without Envoy a server either has TLS or has it not: istiod gives plaintext to a
// Pod under PERMISSIVE, unless its label says that it can do mutual TLS.
func TestPermissiveAnswersPlaintext(t *testing.T) {
	c := claims(t, "On the wire, with `mtls: PERMISSIVE`: a Pod without the label of mutual TLS accepts plaintext, and a Pod with the label refuses the same as with `STRICT`")
	turn(c, &lanes.meshes)
	w := theEnforcedWorld(t)
	theMeshes(t, w).each(c, func(t *testing.T, m *mesh) {
		restore := w.change(t, m.tenant, func(spec map[string]any) { spec["mtls"] = "PERMISSIVE" })
		m.check(c, "PERMISSIVE", m.caller.place, []attempt{
			{plaintext, m.unlabelled, "answered plaintext"},
			{own, m.who, "answered " + m.identity(m.caller.namespace)},
			{plaintext, m.who, cutOff},
			{ofOther, m.who, unknownAuthority},
			{foreign, m.who, denied},
		})
		m.checkOwnCall(c, "PERMISSIVE")
		restore()
		m.check(c, "STRICT again", m.caller.place, []attempt{{plaintext, m.unlabelled, cutOff}})
	})
}

// attempt is a connection to a member of a mesh, and what becomes of it.
type attempt struct {
	with credential
	to   member
	want string
}

func (m *mesh) check(c *tally.Claim, state string, from node.Place, attempts []attempt) {
	c.Helper()
	for _, a := range attempts {
		c.Check(fmt.Sprintf("%s %s: %s to %s", m.tenant.name, state, a.with, a.to.name), func(t *testing.T) {
			certificate, err := m.certificate(a.with)
			require.NoError(t, err)
			require.NoError(t, cluster.Eventually(patience, func() error {
				// What refuses is the mesh, and not the network.
				if !from.Reaches(a.to.address(), 2*time.Second) {
					return fmt.Errorf("%s does not reach %s", from.Address, a.to.address())
				}
				if got := ask(from, a.to.address(), certificate); got != a.want {
					return fmt.Errorf("found %s; want %s", got, a.want)
				}
				return nil
			}))
		})
	}
}

// checkOwnCall has a Pod of the mesh call another, as applications do.
func (m *mesh) checkOwnCall(c *tally.Claim, state string) {
	c.Helper()
	c.Check(m.tenant.name+" "+state+": own Pod to "+m.who.name, func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error {
			caller, server, err := m.caller.call(m.who)
			if err != nil {
				return err
			}
			require.Equal(t, m.identity(m.caller.namespace), caller)
			require.Equal(t, m.identity(m.who.namespace), server)
			return nil
		}))
	})
}
