{# Where each line was sold: with a room in a live session, with a video by a short video, without either from the shelf. '0' means none. #}
with

exploded as (
    select
        account_id,
        record_key as order_id,
        load_id,
        {{ explode('latest.record.sku_order_list') }} as line
    from {{ ref('base_doudian__orders') }} as latest
)

select
    'doudian' as platform,
    exploded.account_id,
    account.store_id,
    exploded.order_id,
    exploded.line.order_id as line_id,
    nullif(nullif(exploded.line.room_id_str, ''), '0') as live_id,
    nullif(nullif(exploded.line.author_id, ''), '0') as host_id,
    nullif(exploded.line.author_name, '') as host_name,
    nullif(nullif(exploded.line.video_id, ''), '0') as video_id,
    exploded.load_id
from exploded
left join {{ source('raw_daybook', 'accounts') }} as account
    on exploded.account_id = account.account_id
