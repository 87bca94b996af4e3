module github.com/istio-tenancy/istio-tenancy/e2e/kiali

go 1.26.0

require (
	github.com/kiali/kiali v1.89.0
	github.com/stretchr/testify v1.11.1
	sigs.k8s.io/yaml v1.6.0
)

require (
	github.com/davecgh/go-spew v1.1.1 // indirect
	github.com/istio-tenancy/istio-tenancy/e2e/tools v0.0.0
	github.com/pmezard/go-difflib v1.0.0 // indirect
	github.com/rs/zerolog v1.20.0 // indirect
	go.yaml.in/yaml/v2 v2.4.2 // indirect
	gopkg.in/yaml.v2 v2.4.0 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
)

replace github.com/istio-tenancy/istio-tenancy/e2e/tools => ../tools
