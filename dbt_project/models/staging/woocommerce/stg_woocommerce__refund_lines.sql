{# The lines of refunds in the shop's list. A refund that only its order shows has no rows here: it is spread over the order's lines. #}
with

told as (
    select
        account_id,
        record_key as refund_id,
        load_id,
        {{ explode('latest.record.line_items') }} as line
    from {{ ref('base_woocommerce__refunds') }} as latest
)

select
    'woocommerce' as platform,
    told.account_id,
    account.store_id,
    refund_id,
    {{ value_of('told.line.meta_data', '_refunded_item_id') }} as line_id,
    -{{ money('told.line.total') }} as refund_goods,
    -{{ money('told.line.quantity') }} as quantity,
    load_id
from told
left join {{ source('raw_daybook', 'accounts') }} as account
    on told.account_id = account.account_id
where {{ value_of('told.line.meta_data', '_refunded_item_id') }} <> ''
