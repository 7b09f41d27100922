export const Topology = () => null
