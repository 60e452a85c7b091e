module github.com/functions-dev/func-operator

go 1.26

require (
	k8s.io/api v0.35.7
	k8s.io/apimachinery v0.35.7
)
