// Package identify makes membership of a mesh the tenant's identity: the control
// plane accepts tokens of the tenant's audience only, and what belongs to the mesh
// asks for such tokens. Only a client with such a token gets a certificate of the
// mesh's CA and the configuration of the mesh.
//
// In, an istiod that accepts tokens of any namespace; out, for the tenant sales:
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
// Plaintext xDS asks for no token, so that it is served in istiod's own Pod only.
// Other settings that would let clients join in another way are replaced, with a
// warning, for every version that the base states. Istio before 1.6 does not prove
// identities by tokens, and stays as it is; 1.6 and 1.7 have no setting for the audience.
package identify
