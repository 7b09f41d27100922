export const Objectives = () => null
