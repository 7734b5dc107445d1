{# The amount applied for of each line. fct_refund_lines splits the money given back in this proportion. #}
with

told as (
    select
        account_id,
        record_key as refund_id,
        load_id,
        {{ explode('latest.record.order_info.related_order_info') }} as line
    from {{ ref('base_doudian__refunds') }} as latest
)

select
    'doudian' as platform,
    told.account_id,
    account.store_id,
    refund_id,
    told.line.sku_order_id as line_id,
    {{ hundredths('told.line.aftersale_pay_amount') }} as refund_goods,
    {{ money('told.line.aftersale_item_num') }} as quantity,
    load_id
from told
left join {{ source('raw_daybook', 'accounts') }} as account
    on told.account_id = account.account_id
where told.line.sku_order_id <> ''
