select
    'files' as platform,
    latest.account_id,
    account.store_id,
    latest.record_key as refund_id,
    nullif(latest.record.order_id, '') as order_id,
    {{ null_as('text') }} as line_id,
    'success' as refund_state,
    'other' as refund_type,
    {{ parse_instant('latest.record.refunded_at') }} as requested_at,
    {{ parse_instant('latest.record.refunded_at') }} as refunded_at,
    {{ money('latest.record.refund_amount') }} as refund_amount,
    {{ money('latest.record.refund_goods') }} as refund_goods,
    {{ money('latest.record.refund_shipping') }} as refund_shipping,
    {{ money('latest.record.refund_tax') }} as refund_tax,
    {{ money('latest.record.quantity') }} as quantity,
    latest.record.reason as reason,
    {{ null_as('boolean') }} as is_disputed,
    {{ null_as('boolean') }} as is_platform_decided,
    coalesce(latest.record.currency, account.currency) as currency,
    latest.load_id
from {{ ref('base_files__refunds') }} as latest
left join {{ source('raw_daybook', 'accounts') }} as account
    on latest.account_id = account.account_id
