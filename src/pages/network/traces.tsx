export const Traces = () => null
