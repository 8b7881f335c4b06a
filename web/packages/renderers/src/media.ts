import type { Image, Video } from '@handrail/wire'
import { make } from './blocks.ts'
import type { Stage } from './stage.ts'

/** An image or a video, whose addresses are checked. A video is fetched when somebody plays it. */
export function drawMedia(stage: Stage, block: Image | Video): Node {
  if (block.type === 'image') {
    const image = make(stage, 'img')
    image.alt = stage.text(block.alt)
    if (block.width) image.width = block.width
    if (block.height) image.height = block.height
    image.src = stage.href(block.src) ?? ''
    return image
  }
  const video = make(stage, 'video')
  video.controls = true
  video.preload = 'none'
  video.ariaLabel = stage.text(block.title)
  video.src = stage.href(block.src) ?? ''
  if (block.poster) video.poster = stage.href(block.poster) ?? ''
  return video
}
