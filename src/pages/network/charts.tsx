export const Charts = () => null
