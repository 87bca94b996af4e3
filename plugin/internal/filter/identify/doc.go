// Package identify makes membership of a mesh the tenant's identity: the control
// plane takes tokens of the tenant's audience only, and what belongs to the mesh
// asks for such tokens. Whoever shows one gets a certificate of the mesh's CA and
// its configuration, and nobody else does.
//
// In, an istiod that takes tokens of any namespace; out, for the tenant sales:
//
//	kind: Deployment                      # istiod
//	  args: [discovery, --grpcAddr=127.0.0.1:15010]
//	  env: [{name: TOKEN_AUDIENCES, value: sales.istio-tenancy.dev}]
//	  volumes: [{projected: {sources: [{serviceAccountToken: {audience: sales.istio-tenancy.dev}}]}}]
//
//	kind: ConfigMap                       # istio-sidecar-injector
//	  values: {"global": {"sds": {"token": {"aud": "sales.istio-tenancy.dev"}}}}
//	  config: ... audience: sales.istio-tenancy.dev
//
//	kind: Service                         # istiod: no port 15010
//
// Plaintext xDS asks for no token, so that it is left to istiod's own Pod. Other
// settings that would let somebody in by another door are replaced, with a
// warning, whatever version the base states. Istio before 1.6 proves nobody's
// identity like this, and stays as it is; 1.6 and 1.7 have no setting for the audience.
package identify
