# The program, static, alone in its image: for Argo CD's repo server (see
# examples/argocd), for CI, as a container function of kustomize, and beside istiod
# as the API proxy, which runs as a user of its own.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY bases ./bases
COPY plugin ./plugin
RUN CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o /out/istio-tenancy ./plugin/cmd/istio-tenancy

FROM scratch
COPY --from=build /out/istio-tenancy /usr/local/bin/istio-tenancy
ENV PATH=/usr/local/bin
# Argo CD asks for 999; no other user would do worse.
USER 999:999
ENTRYPOINT ["istio-tenancy"]
