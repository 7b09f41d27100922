export default function PeerPage() {
  return null
}
