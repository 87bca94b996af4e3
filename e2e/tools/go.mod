module github.com/istio-tenancy/istio-tenancy/e2e/tools

go 1.26.0
