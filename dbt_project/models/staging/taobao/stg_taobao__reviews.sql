{# A review has no id of its own: its key is the sub-order (oid). The vendor tells good, neutral or bad, and no stars. #}
select
    'taobao' as platform,
    latest.account_id,
    account.store_id,
    latest.record_key as review_id,
    nullif(nullif(latest.record.tid, ''), '0') as order_id,
    latest.record_key as line_id,
    nullif(nullif(latest.record.num_iid, ''), '0') as product_id,
    {{ null_as('text') }} as sku_id,
    {{ local_time('latest.record.created', "'Asia/Shanghai'") }} as reviewed_at,
    {{ null_as('decimal(18, 4)') }} as rating,
    coalesce(latest.record.result = 'bad', false) as is_low,
    true as is_counted,
    latest.load_id
from {{ ref('base_taobao__reviews') }} as latest
left join {{ source('raw_daybook', 'accounts') }} as account
    on latest.account_id = account.account_id
where latest.record_key is not null
