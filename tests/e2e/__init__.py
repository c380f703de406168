"""`gitops bump` as people and pipelines run it: a process, real git, real kustomize, real kubeconform."""
