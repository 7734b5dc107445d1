{# How many people of a source took each step (each person counts once in the period), and what they paid. #}
select
    'files' as platform,
    levels.account_id,
    account.store_id,
    levels.grain,
    levels.report_date as period_start,
    case when not levels.is_total then coalesce(finer.source_l1, coarser.source_l1, 'unknown') end as source_l1,
    case when not levels.is_total then concat_ws(' > ', levels.source_1, levels.source_2, levels.source_3) end as source_l2,
    levels.is_total,
    {{ whole_number('levels.record.exposed_visitors') }} as exposed,
    {{ whole_number('levels.record.clicked_visitors') }} as clicked,
    {{ whole_number('levels.record.visitors') }} as visited,
    {{ whole_number('levels.record.product_visitors') }} as saw_detail,
    {{ whole_number('levels.record.cart_visitors') }} as carted,
    {{ whole_number('levels.record.fav_visitors') }} as favoured,
    cast(null as bigint) as checked_out,
    {{ whole_number('levels.record.buyers_created') }} as ordered,
    {{ whole_number('levels.record.buyers') }} as paid,
    cast(null as bigint) as orders,
    cast(null as decimal(18, 4)) as units,
    {{ number('levels.record.paid_amount') }} as paid_amount,
    account.currency,
    levels.load_id
from {{ ref('base_files__traffic_levels') }} as levels
left join {{ ref('source_map_files') }} as finer
    on levels.record.format = finer.source_format and levels.source_2 = finer.source_name
left join {{ ref('source_map_files') }} as coarser
    on levels.record.format = coarser.source_format and levels.source_1 = coarser.source_name
left join {{ source('raw_daybook', 'accounts') }} as account
    on levels.account_id = account.account_id
where levels.device = 'all'
